# Rendered by queuestack from events.yaml: change that and render again.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id
  tags       = { "queuestack:stack" = "events" }
}

# queue.acme-queue (events.yaml:24)
resource "aws_sqs_queue" "acme_queue" {
  name                       = "acme-queue"
  visibility_timeout_seconds = 30
  message_retention_seconds  = 345600
  delay_seconds              = 0
  receive_wait_time_seconds  = 20
  fifo_queue                 = false
  sqs_managed_sse_enabled    = true

  redrive_policy = jsonencode({
    maxReceiveCount     = 5
    deadLetterTargetArn = aws_sqs_queue.acme_queue_dlq.arn
  })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AllowTopics"
        Effect    = "Allow"
        Principal = { Service = "sns.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:acme-queue"
        Condition = { ArnEquals = { "aws:SourceArn" = [aws_sns_topic.order_events.arn] } }
      },
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:acme-queue"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  tags = merge(local.tags, { "queuestack:address" = "queue.acme-queue" })

  lifecycle {
    # max_message_size is AWS's default, 1 MiB; provider 5 knows none above 256 KiB.
    ignore_changes = [max_message_size]
  }
}

# queue.acme-queue-dlq, made by queue.acme-queue (events.yaml:24)
resource "aws_sqs_queue" "acme_queue_dlq" {
  name                       = "acme-queue-dlq"
  visibility_timeout_seconds = 30
  message_retention_seconds  = 1209600
  delay_seconds              = 0
  receive_wait_time_seconds  = 20
  fifo_queue                 = false
  sqs_managed_sse_enabled    = true

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = ["arn:${local.partition}:sqs:${local.region}:${local.account_id}:acme-queue"]
  })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AllowTopics"
        Effect    = "Allow"
        Principal = { Service = "sns.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:acme-queue-dlq"
        Condition = { ArnEquals = { "aws:SourceArn" = [aws_sns_topic.order_events.arn] } }
      },
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:acme-queue-dlq"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  tags = merge(local.tags, { "queuestack:address" = "queue.acme-queue-dlq" })

  lifecycle {
    # max_message_size is AWS's default, 1 MiB; provider 5 knows none above 256 KiB.
    ignore_changes = [max_message_size]
  }
}

# queue.audit-queue (events.yaml:27)
resource "aws_sqs_queue" "audit_queue" {
  name                       = "audit-queue"
  visibility_timeout_seconds = 30
  message_retention_seconds  = 345600
  delay_seconds              = 0
  receive_wait_time_seconds  = 20
  fifo_queue                 = false
  sqs_managed_sse_enabled    = true

  redrive_policy = jsonencode({
    maxReceiveCount     = 5
    deadLetterTargetArn = aws_sqs_queue.audit_queue_dlq.arn
  })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AllowTopics"
        Effect    = "Allow"
        Principal = { Service = "sns.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:audit-queue"
        Condition = { ArnEquals = { "aws:SourceArn" = [aws_sns_topic.order_events.arn] } }
      },
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:audit-queue"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  tags = merge(local.tags, { "queuestack:address" = "queue.audit-queue" })

  lifecycle {
    # max_message_size is AWS's default, 1 MiB; provider 5 knows none above 256 KiB.
    ignore_changes = [max_message_size]
  }
}

# queue.audit-queue-dlq, made by queue.audit-queue (events.yaml:27)
resource "aws_sqs_queue" "audit_queue_dlq" {
  name                       = "audit-queue-dlq"
  visibility_timeout_seconds = 30
  message_retention_seconds  = 1209600
  delay_seconds              = 0
  receive_wait_time_seconds  = 20
  fifo_queue                 = false
  sqs_managed_sse_enabled    = true

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = ["arn:${local.partition}:sqs:${local.region}:${local.account_id}:audit-queue"]
  })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AllowTopics"
        Effect    = "Allow"
        Principal = { Service = "sns.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:audit-queue-dlq"
        Condition = { ArnEquals = { "aws:SourceArn" = [aws_sns_topic.order_events.arn] } }
      },
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:audit-queue-dlq"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  tags = merge(local.tags, { "queuestack:address" = "queue.audit-queue-dlq" })

  lifecycle {
    # max_message_size is AWS's default, 1 MiB; provider 5 knows none above 256 KiB.
    ignore_changes = [max_message_size]
  }
}

# queue.billing-queue (events.yaml:18)
resource "aws_sqs_queue" "billing_queue" {
  name                       = "billing-queue"
  visibility_timeout_seconds = 30
  message_retention_seconds  = 345600
  delay_seconds              = 0
  receive_wait_time_seconds  = 20
  fifo_queue                 = false
  sqs_managed_sse_enabled    = true

  redrive_policy = jsonencode({
    maxReceiveCount     = 5
    deadLetterTargetArn = aws_sqs_queue.billing_queue_dlq.arn
  })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AllowTopics"
        Effect    = "Allow"
        Principal = { Service = "sns.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:billing-queue"
        Condition = { ArnEquals = { "aws:SourceArn" = [aws_sns_topic.order_events.arn] } }
      },
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:billing-queue"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  tags = merge(local.tags, { "queuestack:address" = "queue.billing-queue" })

  lifecycle {
    # max_message_size is AWS's default, 1 MiB; provider 5 knows none above 256 KiB.
    ignore_changes = [max_message_size]
  }
}

# queue.billing-queue-dlq, made by queue.billing-queue (events.yaml:18)
resource "aws_sqs_queue" "billing_queue_dlq" {
  name                       = "billing-queue-dlq"
  visibility_timeout_seconds = 30
  message_retention_seconds  = 1209600
  delay_seconds              = 0
  receive_wait_time_seconds  = 20
  fifo_queue                 = false
  sqs_managed_sse_enabled    = true

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = ["arn:${local.partition}:sqs:${local.region}:${local.account_id}:billing-queue"]
  })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AllowTopics"
        Effect    = "Allow"
        Principal = { Service = "sns.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:billing-queue-dlq"
        Condition = { ArnEquals = { "aws:SourceArn" = [aws_sns_topic.order_events.arn] } }
      },
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:billing-queue-dlq"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  tags = merge(local.tags, { "queuestack:address" = "queue.billing-queue-dlq" })

  lifecycle {
    # max_message_size is AWS's default, 1 MiB; provider 5 knows none above 256 KiB.
    ignore_changes = [max_message_size]
  }
}

# queue.returns-queue (events.yaml:30)
resource "aws_sqs_queue" "returns_queue" {
  name                       = "returns-queue"
  visibility_timeout_seconds = 30
  message_retention_seconds  = 345600
  delay_seconds              = 0
  receive_wait_time_seconds  = 20
  fifo_queue                 = false
  sqs_managed_sse_enabled    = true

  redrive_policy = jsonencode({
    maxReceiveCount     = 5
    deadLetterTargetArn = aws_sqs_queue.returns_queue_dlq.arn
  })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AllowEvents"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:returns-queue"
        Condition = {
          ArnEquals = {
            "aws:SourceArn" = ["arn:${local.partition}:events:${local.region}:${local.account_id}:rule/couriers/returned"]
          }
        }
      },
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:returns-queue"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  tags = merge(local.tags, { "queuestack:address" = "queue.returns-queue" })

  lifecycle {
    # max_message_size is AWS's default, 1 MiB; provider 5 knows none above 256 KiB.
    ignore_changes = [max_message_size]
  }
}

# queue.returns-queue-dlq, made by queue.returns-queue (events.yaml:30)
resource "aws_sqs_queue" "returns_queue_dlq" {
  name                       = "returns-queue-dlq"
  visibility_timeout_seconds = 30
  message_retention_seconds  = 1209600
  delay_seconds              = 0
  receive_wait_time_seconds  = 20
  fifo_queue                 = false
  sqs_managed_sse_enabled    = true

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = ["arn:${local.partition}:sqs:${local.region}:${local.account_id}:returns-queue"]
  })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AllowEvents"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:returns-queue-dlq"
        Condition = {
          ArnEquals = {
            "aws:SourceArn" = ["arn:${local.partition}:events:${local.region}:${local.account_id}:rule/couriers/returned"]
          }
        }
      },
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:returns-queue-dlq"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  tags = merge(local.tags, { "queuestack:address" = "queue.returns-queue-dlq" })

  lifecycle {
    # max_message_size is AWS's default, 1 MiB; provider 5 knows none above 256 KiB.
    ignore_changes = [max_message_size]
  }
}

# alarm.acme-queue-age, made by queue.acme-queue (events.yaml:26)
resource "aws_cloudwatch_metric_alarm" "acme_queue_age" {
  alarm_name          = "acme-queue-age"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.acme_queue.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  threshold           = 900
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.acme-queue-age" })
}

# alarm.acme-queue-backlog, made by queue.acme-queue (events.yaml:26)
resource "aws_cloudwatch_metric_alarm" "acme_queue_backlog" {
  alarm_name          = "acme-queue-backlog"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.acme_queue.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  threshold           = 1000
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.acme-queue-backlog" })
}

# alarm.acme-queue-dead-letters, made by queue.acme-queue (events.yaml:26)
resource "aws_cloudwatch_metric_alarm" "acme_queue_dead_letters" {
  alarm_name          = "acme-queue-dead-letters"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.acme_queue_dlq.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.acme-queue-dead-letters" })
}

# alarm.audit-queue-age, made by queue.audit-queue (events.yaml:29)
resource "aws_cloudwatch_metric_alarm" "audit_queue_age" {
  alarm_name          = "audit-queue-age"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.audit_queue.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  threshold           = 900
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.audit-queue-age" })
}

# alarm.audit-queue-backlog, made by queue.audit-queue (events.yaml:29)
resource "aws_cloudwatch_metric_alarm" "audit_queue_backlog" {
  alarm_name          = "audit-queue-backlog"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.audit_queue.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  threshold           = 1000
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.audit-queue-backlog" })
}

# alarm.audit-queue-dead-letters, made by queue.audit-queue (events.yaml:29)
resource "aws_cloudwatch_metric_alarm" "audit_queue_dead_letters" {
  alarm_name          = "audit-queue-dead-letters"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.audit_queue_dlq.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.audit-queue-dead-letters" })
}

# alarm.billing-queue-age, made by queue.billing-queue (events.yaml:23)
resource "aws_cloudwatch_metric_alarm" "billing_queue_age" {
  alarm_name          = "billing-queue-age"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.billing_queue.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  threshold           = 900
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.billing-queue-age" })
}

# alarm.billing-queue-backlog, made by queue.billing-queue (events.yaml:22)
resource "aws_cloudwatch_metric_alarm" "billing_queue_backlog" {
  alarm_name          = "billing-queue-backlog"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.billing_queue.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  threshold           = 1000
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.billing-queue-backlog" })
}

# alarm.billing-queue-dead-letters, made by queue.billing-queue (events.yaml:21)
resource "aws_cloudwatch_metric_alarm" "billing_queue_dead_letters" {
  alarm_name          = "billing-queue-dead-letters"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.billing_queue_dlq.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.billing-queue-dead-letters" })
}

# alarm.returns-queue-age, made by queue.returns-queue (events.yaml:32)
resource "aws_cloudwatch_metric_alarm" "returns_queue_age" {
  alarm_name          = "returns-queue-age"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.returns_queue.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  threshold           = 900
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.returns-queue-age" })
}

# alarm.returns-queue-backlog, made by queue.returns-queue (events.yaml:32)
resource "aws_cloudwatch_metric_alarm" "returns_queue_backlog" {
  alarm_name          = "returns-queue-backlog"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.returns_queue.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  threshold           = 1000
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.returns-queue-backlog" })
}

# alarm.returns-queue-dead-letters, made by queue.returns-queue (events.yaml:32)
resource "aws_cloudwatch_metric_alarm" "returns_queue_dead_letters" {
  alarm_name          = "returns-queue-dead-letters"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.returns_queue_dlq.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.returns-queue-dead-letters" })
}

# topic.order-events (events.yaml:34)
resource "aws_sns_topic" "order_events" {
  name              = "order-events"
  fifo_topic        = false
  signature_version = 2

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AllowOwner"
        Effect    = "Allow"
        Principal = { AWS = "*" }
        Action = [
          "sns:AddPermission",
          "sns:DeleteTopic",
          "sns:GetTopicAttributes",
          "sns:ListSubscriptionsByTopic",
          "sns:Publish",
          "sns:RemovePermission",
          "sns:SetTopicAttributes",
          "sns:Subscribe",
        ]
        Resource  = "arn:${local.partition}:sns:${local.region}:${local.account_id}:order-events"
        Condition = { StringEquals = { "AWS:SourceOwner" = local.account_id } }
      },
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = "arn:${local.partition}:sns:${local.region}:${local.account_id}:order-events"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  tags = merge(local.tags, { "queuestack:address" = "topic.order-events" })
}

# subscription.order-events-acme-queue, made by topic.order-events (events.yaml:39)
resource "aws_sns_topic_subscription" "order_events_acme_queue" {
  topic_arn            = aws_sns_topic.order_events.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.acme_queue.arn
  filter_policy        = jsonencode({ tenantId = ["acme"] })
  filter_policy_scope  = "MessageBody"
  raw_message_delivery = true
  redrive_policy       = jsonencode({ deadLetterTargetArn = aws_sqs_queue.acme_queue_dlq.arn })
}

# subscription.order-events-audit-queue, made by topic.order-events (events.yaml:43)
resource "aws_sns_topic_subscription" "order_events_audit_queue" {
  topic_arn            = aws_sns_topic.order_events.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.audit_queue.arn
  raw_message_delivery = false
  redrive_policy       = jsonencode({ deadLetterTargetArn = aws_sqs_queue.audit_queue_dlq.arn })
}

# subscription.order-events-billing-queue, made by topic.order-events (events.yaml:36)
resource "aws_sns_topic_subscription" "order_events_billing_queue" {
  topic_arn            = aws_sns_topic.order_events.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.billing_queue.arn
  filter_policy        = jsonencode({ type = ["order.paid", "order.refunded"] })
  filter_policy_scope  = "MessageAttributes"
  raw_message_delivery = true
  redrive_policy       = jsonencode({ deadLetterTargetArn = aws_sqs_queue.billing_queue_dlq.arn })
}

# bus.couriers (events.yaml:47)
resource "aws_cloudwatch_event_bus" "couriers" {
  name        = "couriers"
  description = "What couriers tell of parcels"
  tags        = merge(local.tags, { "queuestack:address" = "bus.couriers" })
}

# rule.returned (events.yaml:49)
resource "aws_cloudwatch_event_rule" "returned" {
  name           = "returned"
  event_bus_name = aws_cloudwatch_event_bus.couriers.name
  description    = "Parcels that come back"
  state          = "ENABLED"

  event_pattern = jsonencode({
    detail-type = ["ParcelReturned"]
    source      = ["courier"]
  })

  tags = merge(local.tags, { "queuestack:address" = "rule.returned" })
}

resource "aws_cloudwatch_event_target" "returned" {
  for_each = {
    "returns-queue" = {
      arn                = aws_sqs_queue.returns_queue.arn
      dead_letter_config = { arn = aws_sqs_queue.returns_queue_dlq.arn }
      retry_policy = {
        maximum_retry_attempts       = 24
        maximum_event_age_in_seconds = 21600
      }
      input_transformer = {
        input_template = "{\"type\": \"parcel.returned\", \"payload\": <parcel>, \"createdAt\": <time>, \"tenantId\": <tenant>}"
        input_paths = {
          parcel = "$.detail"
          tenant = "$.detail.tenantId"
          time   = "$.time"
        }
      }
    }
  }

  rule           = aws_cloudwatch_event_rule.returned.name
  event_bus_name = aws_cloudwatch_event_rule.returned.event_bus_name
  target_id      = each.key
  arn            = each.value.arn

  dead_letter_config {
    arn = each.value.dead_letter_config.arn
  }

  retry_policy {
    maximum_retry_attempts       = each.value.retry_policy.maximum_retry_attempts
    maximum_event_age_in_seconds = each.value.retry_policy.maximum_event_age_in_seconds
  }

  input_transformer {
    input_template = each.value.input_transformer.input_template
    input_paths    = each.value.input_transformer.input_paths
  }
}
