# Rendered by queuestack from calendar.yaml: change that and render again.

output "queues" {
  description = "The queues by their logical names."

  value = {
    calendar-sync-queue = {
      arn = aws_sqs_queue.calendar_sync_queue.arn
      url = aws_sqs_queue.calendar_sync_queue.url
    }
    calendar-sync-queue-dlq = {
      arn = aws_sqs_queue.calendar_sync_queue_dlq.arn
      url = aws_sqs_queue.calendar_sync_queue_dlq.url
    }
    notification-dlq = {
      arn = aws_sqs_queue.notification_dlq.arn
      url = aws_sqs_queue.notification_dlq.url
    }
    notification-queue = {
      arn = aws_sqs_queue.notification_queue.arn
      url = aws_sqs_queue.notification_queue.url
    }
  }
}

output "functions" {
  description = "The functions by their logical names."

  value = {
    calendar-sync = { arn = aws_lambda_function.calendar_sync.arn }
    notification  = { arn = aws_lambda_function.notification.arn }
  }
}
