# Rendered by queuestack from events.yaml: change that and render again.

output "queues" {
  description = "The queues by their logical names."

  value = {
    acme-queue = {
      arn = aws_sqs_queue.acme_queue.arn
      url = aws_sqs_queue.acme_queue.url
    }
    acme-queue-dlq = {
      arn = aws_sqs_queue.acme_queue_dlq.arn
      url = aws_sqs_queue.acme_queue_dlq.url
    }
    audit-queue = {
      arn = aws_sqs_queue.audit_queue.arn
      url = aws_sqs_queue.audit_queue.url
    }
    audit-queue-dlq = {
      arn = aws_sqs_queue.audit_queue_dlq.arn
      url = aws_sqs_queue.audit_queue_dlq.url
    }
    billing-queue = {
      arn = aws_sqs_queue.billing_queue.arn
      url = aws_sqs_queue.billing_queue.url
    }
    billing-queue-dlq = {
      arn = aws_sqs_queue.billing_queue_dlq.arn
      url = aws_sqs_queue.billing_queue_dlq.url
    }
    returns-queue = {
      arn = aws_sqs_queue.returns_queue.arn
      url = aws_sqs_queue.returns_queue.url
    }
    returns-queue-dlq = {
      arn = aws_sqs_queue.returns_queue_dlq.arn
      url = aws_sqs_queue.returns_queue_dlq.url
    }
  }
}

output "topics" {
  description = "The topics by their logical names."
  value       = { order-events = { arn = aws_sns_topic.order_events.arn } }
}

output "buses" {
  description = "The buses by their logical names."
  value       = { couriers = { arn = aws_cloudwatch_event_bus.couriers.arn } }
}
