# Rendered by queuestack from api.yaml: change that and render again.

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

output "functions" {
  description = "The functions by their logical names."

  value = {
    ingest     = { arn = aws_lambda_function.ingest.arn }
    processing = { arn = aws_lambda_function.processing.arn }
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

output "apis" {
  description = "The apis by their logical names."
  value       = { ingest-api = { api_endpoint = aws_apigatewayv2_api.ingest_api.api_endpoint } }
}
