# Rendered by queuestack from orders.yaml: change that and render again.

output "queues" {
  description = "The queues by their logical names."

  value = {
    order-dlq = {
      arn = aws_sqs_queue.order_dlq.arn
      url = aws_sqs_queue.order_dlq.url
    }
    order-processing-queue = {
      arn = aws_sqs_queue.order_processing_queue.arn
      url = aws_sqs_queue.order_processing_queue.url
    }
  }
}
