# Rendered by queuestack from orders.yaml: change that and render again.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id
  tags       = { "queuestack:stack" = "orders" }
}

# queue.order-dlq (orders.yaml:13)
resource "aws_sqs_queue" "order_dlq" {
  name                       = "order-dlq"
  visibility_timeout_seconds = 30
  message_retention_seconds  = 1209600
  delay_seconds              = 0
  receive_wait_time_seconds  = 20
  fifo_queue                 = false
  sqs_managed_sse_enabled    = true

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:order-dlq"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  tags = merge(local.tags, { "queuestack:address" = "queue.order-dlq" })

  lifecycle {
    # max_message_size is AWS's default, 1 MiB; provider 5 knows none above 256 KiB.
    ignore_changes = [max_message_size]
  }
}

# queue.order-processing-queue (orders.yaml:5)
resource "aws_sqs_queue" "order_processing_queue" {
  name                       = "order-processing-queue"
  visibility_timeout_seconds = 30
  message_retention_seconds  = 86400
  delay_seconds              = 0
  receive_wait_time_seconds  = 20
  fifo_queue                 = false
  sqs_managed_sse_enabled    = true

  redrive_policy = jsonencode({
    maxReceiveCount     = 3
    deadLetterTargetArn = aws_sqs_queue.order_dlq.arn
  })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:order-processing-queue"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  tags = merge(local.tags, { "queuestack:address" = "queue.order-processing-queue" })

  lifecycle {
    # max_message_size is AWS's default, 1 MiB; provider 5 knows none above 256 KiB.
    ignore_changes = [max_message_size]
  }
}

# alarm.order-processing-queue-age, made by queue.order-processing-queue (orders.yaml:12)
resource "aws_cloudwatch_metric_alarm" "order_processing_queue_age" {
  alarm_name          = "order-processing-queue-age"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.order_processing_queue.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  threshold           = 900
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.order-processing-queue-age" })
}

# alarm.order-processing-queue-dead-letters, made by queue.order-processing-queue (orders.yaml:11)
resource "aws_cloudwatch_metric_alarm" "order_processing_queue_dead_letters" {
  alarm_name          = "order-processing-queue-dead-letters"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.order_dlq.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.order-processing-queue-dead-letters" })
}
