# Rendered by queuestack from calendar.yaml: change that and render again.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id

  tags = {
    team               = "scheduling"
    "queuestack:stack" = "calendar"
  }
}

# queue.calendar-sync-queue (calendar.yaml:36)
resource "aws_sqs_queue" "calendar_sync_queue" {
  name                       = "calendar-sync-queue"
  visibility_timeout_seconds = 300
  message_retention_seconds  = 345600
  delay_seconds              = 0
  receive_wait_time_seconds  = 20
  fifo_queue                 = false
  sqs_managed_sse_enabled    = true

  redrive_policy = jsonencode({
    maxReceiveCount     = 3
    deadLetterTargetArn = aws_sqs_queue.calendar_sync_queue_dlq.arn
  })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:calendar-sync-queue"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  tags = merge(local.tags, { "queuestack:address" = "queue.calendar-sync-queue" })

  lifecycle {
    # max_message_size is AWS's default, 1 MiB; provider 5 knows none above 256 KiB.
    ignore_changes = [max_message_size]
  }
}

# queue.calendar-sync-queue-dlq, made by queue.calendar-sync-queue (calendar.yaml:36)
resource "aws_sqs_queue" "calendar_sync_queue_dlq" {
  name                       = "calendar-sync-queue-dlq"
  visibility_timeout_seconds = 30
  message_retention_seconds  = 1209600
  delay_seconds              = 0
  receive_wait_time_seconds  = 20
  fifo_queue                 = false
  sqs_managed_sse_enabled    = true

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = ["arn:${local.partition}:sqs:${local.region}:${local.account_id}:calendar-sync-queue"]
  })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:calendar-sync-queue-dlq"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  tags = merge(local.tags, { "queuestack:address" = "queue.calendar-sync-queue-dlq" })

  lifecycle {
    # max_message_size is AWS's default, 1 MiB; provider 5 knows none above 256 KiB.
    ignore_changes = [max_message_size]
  }
}

# queue.notification-dlq (calendar.yaml:51)
resource "aws_sqs_queue" "notification_dlq" {
  name                       = "notification-dlq"
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
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:notification-dlq"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  tags = merge(local.tags, { "queuestack:address" = "queue.notification-dlq" })

  lifecycle {
    # max_message_size is AWS's default, 1 MiB; provider 5 knows none above 256 KiB.
    ignore_changes = [max_message_size]
  }
}

# queue.notification-queue (calendar.yaml:45)
resource "aws_sqs_queue" "notification_queue" {
  name                       = "notification-queue"
  visibility_timeout_seconds = 30
  message_retention_seconds  = 345600
  delay_seconds              = 0
  receive_wait_time_seconds  = 20
  fifo_queue                 = false
  sqs_managed_sse_enabled    = true

  redrive_policy = jsonencode({
    maxReceiveCount     = 3
    deadLetterTargetArn = aws_sqs_queue.notification_dlq.arn
  })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:notification-queue"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  tags = merge(local.tags, { "queuestack:address" = "queue.notification-queue" })

  lifecycle {
    # max_message_size is AWS's default, 1 MiB; provider 5 knows none above 256 KiB.
    ignore_changes = [max_message_size]
  }
}

# alarm.calendar-sync-duration, made by worker.calendar-sync (calendar.yaml:54)
resource "aws_cloudwatch_metric_alarm" "calendar_sync_duration" {
  alarm_name          = "calendar-sync-duration"
  namespace           = "AWS/Lambda"
  metric_name         = "Duration"
  dimensions          = { FunctionName = aws_lambda_function.calendar_sync.function_name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 40000
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  alarm_actions       = compact([var.alarm_topic])
  tags                = merge(local.tags, { "queuestack:address" = "alarm.calendar-sync-duration" })
}

# alarm.calendar-sync-errors, made by worker.calendar-sync (calendar.yaml:54)
resource "aws_cloudwatch_metric_alarm" "calendar_sync_errors" {
  alarm_name          = "calendar-sync-errors"
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.calendar_sync.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  alarm_actions       = compact([var.alarm_topic])
  tags                = merge(local.tags, { "queuestack:address" = "alarm.calendar-sync-errors" })
}

# alarm.calendar-sync-queue-age, made by queue.calendar-sync-queue (calendar.yaml:44)
resource "aws_cloudwatch_metric_alarm" "calendar_sync_queue_age" {
  alarm_name          = "calendar-sync-queue-age"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.calendar_sync_queue.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  threshold           = 900
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  alarm_actions       = compact([var.alarm_topic])
  tags                = merge(local.tags, { "queuestack:address" = "alarm.calendar-sync-queue-age" })
}

# alarm.calendar-sync-queue-backlog, made by queue.calendar-sync-queue (calendar.yaml:43)
resource "aws_cloudwatch_metric_alarm" "calendar_sync_queue_backlog" {
  alarm_name          = "calendar-sync-queue-backlog"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.calendar_sync_queue.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  threshold           = 1000
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  alarm_actions       = compact([var.alarm_topic])
  tags                = merge(local.tags, { "queuestack:address" = "alarm.calendar-sync-queue-backlog" })
}

# alarm.calendar-sync-queue-dead-letters, made by queue.calendar-sync-queue (calendar.yaml:42)
resource "aws_cloudwatch_metric_alarm" "calendar_sync_queue_dead_letters" {
  alarm_name          = "calendar-sync-queue-dead-letters"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.calendar_sync_queue_dlq.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  alarm_actions       = compact([var.alarm_topic])
  tags                = merge(local.tags, { "queuestack:address" = "alarm.calendar-sync-queue-dead-letters" })
}

# alarm.calendar-sync-throttles, made by worker.calendar-sync (calendar.yaml:54)
resource "aws_cloudwatch_metric_alarm" "calendar_sync_throttles" {
  alarm_name          = "calendar-sync-throttles"
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = aws_lambda_function.calendar_sync.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  alarm_actions       = compact([var.alarm_topic])
  tags                = merge(local.tags, { "queuestack:address" = "alarm.calendar-sync-throttles" })
}

# alarm.notification-age, made by worker.notification (calendar.yaml:69)
resource "aws_cloudwatch_metric_alarm" "notification_age" {
  alarm_name          = "notification-age"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.notification_queue.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  threshold           = 900
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  alarm_actions       = compact([var.alarm_topic])
  tags                = merge(local.tags, { "queuestack:address" = "alarm.notification-age" })
}

# alarm.notification-duration, made by worker.notification (calendar.yaml:69)
resource "aws_cloudwatch_metric_alarm" "notification_duration" {
  alarm_name          = "notification-duration"
  namespace           = "AWS/Lambda"
  metric_name         = "Duration"
  dimensions          = { FunctionName = aws_lambda_function.notification.function_name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 4000
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  alarm_actions       = compact([var.alarm_topic])
  tags                = merge(local.tags, { "queuestack:address" = "alarm.notification-duration" })
}

# alarm.notification-errors, made by worker.notification (calendar.yaml:69)
resource "aws_cloudwatch_metric_alarm" "notification_errors" {
  alarm_name          = "notification-errors"
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.notification.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  alarm_actions       = compact([var.alarm_topic])
  tags                = merge(local.tags, { "queuestack:address" = "alarm.notification-errors" })
}

# alarm.notification-queue-backlog, made by queue.notification-queue (calendar.yaml:50)
resource "aws_cloudwatch_metric_alarm" "notification_queue_backlog" {
  alarm_name          = "notification-queue-backlog"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.notification_queue.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  threshold           = 1000
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  alarm_actions       = compact([var.alarm_topic])
  tags                = merge(local.tags, { "queuestack:address" = "alarm.notification-queue-backlog" })
}

# alarm.notification-queue-dead-letters, made by queue.notification-queue (calendar.yaml:49)
resource "aws_cloudwatch_metric_alarm" "notification_queue_dead_letters" {
  alarm_name          = "notification-queue-dead-letters"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.notification_dlq.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  alarm_actions       = compact([var.alarm_topic])
  tags                = merge(local.tags, { "queuestack:address" = "alarm.notification-queue-dead-letters" })
}

# alarm.notification-throttles, made by worker.notification (calendar.yaml:69)
resource "aws_cloudwatch_metric_alarm" "notification_throttles" {
  alarm_name          = "notification-throttles"
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = aws_lambda_function.notification.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  alarm_actions       = compact([var.alarm_topic])
  tags                = merge(local.tags, { "queuestack:address" = "alarm.notification-throttles" })
}

# log_group.calendar-sync, made by worker.calendar-sync (calendar.yaml:54)
resource "aws_cloudwatch_log_group" "calendar_sync" {
  name              = "/aws/lambda/calendar-sync"
  retention_in_days = 14
  tags              = merge(local.tags, { "queuestack:address" = "log_group.calendar-sync" })
}

# log_group.notification, made by worker.notification (calendar.yaml:69)
resource "aws_cloudwatch_log_group" "notification" {
  name              = "/aws/lambda/notification"
  retention_in_days = 14
  tags              = merge(local.tags, { "queuestack:address" = "log_group.notification" })
}

# role.calendar-sync, made by worker.calendar-sync (calendar.yaml:54)
resource "aws_iam_role" "calendar_sync" {
  name                 = "calendar-sync-role-${local.region}"
  path                 = "/queuestack/calendar/"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "lambda.amazonaws.com" }
        Action    = "sts:AssumeRole"
      },
    ]
  })

  tags = merge(local.tags, { "queuestack:address" = "role.calendar-sync", "queuestack:region" = local.region })
}

resource "aws_iam_role_policy" "calendar_sync" {
  name = "queuestack"
  role = aws_iam_role.calendar_sync.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.calendar_sync.arn}:*"]
      },
      {
        Sid      = "XRay"
        Effect   = "Allow"
        Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        Resource = ["*"]
      },
      {
        Sid      = "Poll"
        Effect   = "Allow"
        Action   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
        Resource = [aws_sqs_queue.calendar_sync_queue.arn]
      },
      {
        Sid      = "DeadLetter"
        Effect   = "Allow"
        Action   = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"]
        Resource = [aws_sqs_queue.calendar_sync_queue_dlq.arn]
      },
      {
        Sid      = "Send"
        Effect   = "Allow"
        Action   = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"]
        Resource = [aws_sqs_queue.notification_queue.arn]
      },
    ]
  })
}

resource "aws_iam_role_policies_exclusive" "calendar_sync" {
  role_name    = aws_iam_role.calendar_sync.name
  policy_names = [aws_iam_role_policy.calendar_sync.name]
}

# role.notification, made by worker.notification (calendar.yaml:69)
resource "aws_iam_role" "notification" {
  name                 = "notification-role-${local.region}"
  path                 = "/queuestack/calendar/"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "lambda.amazonaws.com" }
        Action    = "sts:AssumeRole"
      },
    ]
  })

  tags = merge(local.tags, { "queuestack:address" = "role.notification", "queuestack:region" = local.region })
}

resource "aws_iam_role_policy" "notification" {
  name = "queuestack"
  role = aws_iam_role.notification.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.notification.arn}:*"]
      },
      {
        Sid      = "XRay"
        Effect   = "Allow"
        Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        Resource = ["*"]
      },
      {
        Sid      = "Poll"
        Effect   = "Allow"
        Action   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
        Resource = [aws_sqs_queue.notification_queue.arn]
      },
      {
        Sid      = "DeadLetter"
        Effect   = "Allow"
        Action   = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"]
        Resource = [aws_sqs_queue.notification_dlq.arn]
      },
    ]
  })
}

resource "aws_iam_role_policies_exclusive" "notification" {
  role_name    = aws_iam_role.notification.name
  policy_names = [aws_iam_role_policy.notification.name]
}

# function.calendar-sync, made by worker.calendar-sync (calendar.yaml:54)
resource "aws_lambda_function" "calendar_sync" {
  function_name    = "calendar-sync"
  filename         = "${path.module}/build/calendar-sync-a6f295e3-x86_64.zip"
  source_code_hash = try(filebase64sha256("${path.module}/build/calendar-sync-a6f295e3-x86_64.zip"), null)
  role             = aws_iam_role.calendar_sync.arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = ["x86_64"]
  memory_size      = 256
  timeout          = 50

  environment {
    variables = {
      CALENDAR_CREDENTIALS         = var.calendar_credentials
      CALENDAR_STORE               = var.calendar_store
      DLQ_URL                      = aws_sqs_queue.calendar_sync_queue_dlq.url
      IDEMPOTENCY_STORE            = var.idempotency_store
      OUTBOUND_ALLOW               = var.outbound_allow
      QUEUE_URL                    = aws_sqs_queue.calendar_sync_queue.url
      QUEUE_URL_NOTIFICATION_QUEUE = aws_sqs_queue.notification_queue.url
    }
  }

  ephemeral_storage {
    size = 512
  }

  tracing_config {
    mode = "Active"
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.calendar_sync.name
    application_log_level = "INFO"
    system_log_level      = "INFO"
  }

  tags       = merge(local.tags, { "queuestack:address" = "function.calendar-sync" })
  depends_on = [aws_iam_role_policy.calendar_sync]
}

# function.notification, made by worker.notification (calendar.yaml:69)
resource "aws_lambda_function" "notification" {
  function_name    = "notification"
  filename         = "${path.module}/build/notification-a6f295e3-x86_64.zip"
  source_code_hash = try(filebase64sha256("${path.module}/build/notification-a6f295e3-x86_64.zip"), null)
  role             = aws_iam_role.notification.arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = ["x86_64"]
  memory_size      = 256
  timeout          = 5

  environment {
    variables = {
      DLQ_URL           = aws_sqs_queue.notification_dlq.url
      IDEMPOTENCY_STORE = var.idempotency_store
      MAIL_FROM         = var.mail_from
      OUTBOUND_ALLOW    = var.outbound_allow
      QUEUE_URL         = aws_sqs_queue.notification_queue.url
      SMTP_URL          = var.smtp_url
      WEBHOOK_SECRETS   = var.webhook_secrets
    }
  }

  ephemeral_storage {
    size = 512
  }

  tracing_config {
    mode = "Active"
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.notification.name
    application_log_level = "INFO"
    system_log_level      = "INFO"
  }

  tags       = merge(local.tags, { "queuestack:address" = "function.notification" })
  depends_on = [aws_iam_role_policy.notification]
}

# mapping.calendar-sync, made by worker.calendar-sync (calendar.yaml:54)
resource "aws_lambda_event_source_mapping" "calendar_sync" {
  event_source_arn                   = aws_sqs_queue.calendar_sync_queue.arn
  function_name                      = aws_lambda_function.calendar_sync.arn
  batch_size                         = 10
  maximum_batching_window_in_seconds = 0
  function_response_types            = ["ReportBatchItemFailures"]
  enabled                            = true

  scaling_config {
    maximum_concurrency = 5
  }

  tags = merge(local.tags, { "queuestack:address" = "mapping.calendar-sync" })
}

# mapping.notification, made by worker.notification (calendar.yaml:69)
resource "aws_lambda_event_source_mapping" "notification" {
  event_source_arn                   = aws_sqs_queue.notification_queue.arn
  function_name                      = aws_lambda_function.notification.arn
  batch_size                         = 10
  maximum_batching_window_in_seconds = 0
  function_response_types            = ["ReportBatchItemFailures"]
  enabled                            = true

  scaling_config {
    maximum_concurrency = 5
  }

  tags = merge(local.tags, { "queuestack:address" = "mapping.notification" })
}
