# Rendered by queuestack from calsync-jobs.yaml: change that and render again.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id
  tags       = { "queuestack:stack" = "calsync-jobs" }
}

# queue.calsync-jobs (calsync-jobs.yaml:13)
resource "aws_sqs_queue" "calsync_jobs" {
  name                       = "calsync-jobs"
  visibility_timeout_seconds = 300
  message_retention_seconds  = 345600
  delay_seconds              = 0
  receive_wait_time_seconds  = 20
  fifo_queue                 = false
  sqs_managed_sse_enabled    = true

  redrive_policy = jsonencode({
    maxReceiveCount     = 3
    deadLetterTargetArn = aws_sqs_queue.calsync_jobs_dlq.arn
  })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:calsync-jobs"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  tags = merge(local.tags, { "queuestack:address" = "queue.calsync-jobs" })

  lifecycle {
    # max_message_size is AWS's default, 1 MiB; provider 5 knows none above 256 KiB.
    ignore_changes = [max_message_size]
  }
}

# queue.calsync-jobs-dlq, made by queue.calsync-jobs (calsync-jobs.yaml:13)
resource "aws_sqs_queue" "calsync_jobs_dlq" {
  name                       = "calsync-jobs-dlq"
  visibility_timeout_seconds = 30
  message_retention_seconds  = 1209600
  delay_seconds              = 0
  receive_wait_time_seconds  = 20
  fifo_queue                 = false
  sqs_managed_sse_enabled    = true

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = ["arn:${local.partition}:sqs:${local.region}:${local.account_id}:calsync-jobs"]
  })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:calsync-jobs-dlq"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  tags = merge(local.tags, { "queuestack:address" = "queue.calsync-jobs-dlq" })

  lifecycle {
    # max_message_size is AWS's default, 1 MiB; provider 5 knows none above 256 KiB.
    ignore_changes = [max_message_size]
  }
}

# alarm.calsync-jobs-backlog, made by queue.calsync-jobs (calsync-jobs.yaml:18)
resource "aws_cloudwatch_metric_alarm" "calsync_jobs_backlog" {
  alarm_name          = "calsync-jobs-backlog"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.calsync_jobs.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  threshold           = 1000
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.calsync-jobs-backlog" })
}

# alarm.calsync-jobs-dead-letters, made by queue.calsync-jobs (calsync-jobs.yaml:17)
resource "aws_cloudwatch_metric_alarm" "calsync_jobs_dead_letters" {
  alarm_name          = "calsync-jobs-dead-letters"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.calsync_jobs_dlq.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.calsync-jobs-dead-letters" })
}
