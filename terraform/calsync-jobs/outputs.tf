# Rendered by queuestack from calsync-jobs.yaml: change that and render again.

output "queues" {
  description = "The queues by their logical names."

  value = {
    calsync-jobs = {
      arn = aws_sqs_queue.calsync_jobs.arn
      url = aws_sqs_queue.calsync_jobs.url
    }
    calsync-jobs-dlq = {
      arn = aws_sqs_queue.calsync_jobs_dlq.arn
      url = aws_sqs_queue.calsync_jobs_dlq.url
    }
  }
}
