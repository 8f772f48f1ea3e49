# Rendered by queuestack from processing.yaml: change that and render again.

output "queues" {
  description = "The queues by their logical names."

  value = {
    events-queue = {
      arn = aws_sqs_queue.events_queue.arn
      url = aws_sqs_queue.events_queue.url
    }
    events-queue-dlq = {
      arn = aws_sqs_queue.events_queue_dlq.arn
      url = aws_sqs_queue.events_queue_dlq.url
    }
  }
}

output "tables" {
  description = "The tables by their logical names."

  value = {
    events = {
      arn  = aws_dynamodb_table.events.arn
      name = aws_dynamodb_table.events.name
    }
  }
}

output "functions" {
  description = "The functions by their logical names."
  value       = { processing = { arn = aws_lambda_function.processing.arn } }
}
