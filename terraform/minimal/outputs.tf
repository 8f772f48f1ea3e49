# Rendered by queuestack from minimal.yaml: change that and render again.

output "queues" {
  description = "The queues by their logical names."

  value = {
    jobs = {
      arn = aws_sqs_queue.jobs.arn
      url = aws_sqs_queue.jobs.url
    }
    jobs-dlq = {
      arn = aws_sqs_queue.jobs_dlq.arn
      url = aws_sqs_queue.jobs_dlq.url
    }
  }
}
