# Rendered by queuestack from everything.yaml: change that and render again.

output "queues" {
  description = "The queues by their logical names."

  value = {
    failed = {
      arn = aws_sqs_queue.failed.arn
      url = aws_sqs_queue.failed.url
    }
    keyed = {
      arn = aws_sqs_queue.keyed.arn
      url = aws_sqs_queue.keyed.url
    }
    orders = {
      arn = aws_sqs_queue.orders.arn
      url = aws_sqs_queue.orders.url
    }
    orders-dlq = {
      arn = aws_sqs_queue.orders_dlq.arn
      url = aws_sqs_queue.orders_dlq.url
    }
  }
}

output "functions" {
  description = "The functions by their logical names."
  value       = { worker = { arn = aws_lambda_function.worker.arn } }
}

output "topics" {
  description = "The topics by their logical names."

  value = {
    news   = { arn = aws_sns_topic.news.arn }
    orders = { arn = aws_sns_topic.orders.arn }
  }
}

output "buses" {
  description = "The buses by their logical names."
  value       = { shop = { arn = aws_cloudwatch_event_bus.shop.arn } }
}

output "tables" {
  description = "The tables by their logical names."

  value = {
    counted = {
      arn  = aws_dynamodb_table.counted.arn
      name = aws_dynamodb_table.counted.name
    }
    events = {
      arn  = aws_dynamodb_table.events.arn
      name = aws_dynamodb_table.events.name
    }
  }
}

output "apis" {
  description = "The apis by their logical names."
  value       = { api = { api_endpoint = aws_apigatewayv2_api.api.api_endpoint } }
}
