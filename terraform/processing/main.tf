# Rendered by queuestack from processing.yaml: change that and render again.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id
  tags       = { "queuestack:stack" = "processing" }
}

# queue.events-queue (processing.yaml:5)
resource "aws_sqs_queue" "events_queue" {
  name                       = "events-queue"
  visibility_timeout_seconds = 60
  message_retention_seconds  = 345600
  delay_seconds              = 0
  receive_wait_time_seconds  = 20
  fifo_queue                 = false
  sqs_managed_sse_enabled    = true

  redrive_policy = jsonencode({
    maxReceiveCount     = 5
    deadLetterTargetArn = aws_sqs_queue.events_queue_dlq.arn
  })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:events-queue"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  tags = merge(local.tags, { "queuestack:address" = "queue.events-queue" })

  lifecycle {
    # max_message_size is AWS's default, 1 MiB; provider 5 knows none above 256 KiB.
    ignore_changes = [max_message_size]
  }
}

# queue.events-queue-dlq, made by queue.events-queue (processing.yaml:5)
resource "aws_sqs_queue" "events_queue_dlq" {
  name                       = "events-queue-dlq"
  visibility_timeout_seconds = 30
  message_retention_seconds  = 1209600
  delay_seconds              = 0
  receive_wait_time_seconds  = 20
  fifo_queue                 = false
  sqs_managed_sse_enabled    = true

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = ["arn:${local.partition}:sqs:${local.region}:${local.account_id}:events-queue"]
  })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:events-queue-dlq"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  tags = merge(local.tags, { "queuestack:address" = "queue.events-queue-dlq" })

  lifecycle {
    # max_message_size is AWS's default, 1 MiB; provider 5 knows none above 256 KiB.
    ignore_changes = [max_message_size]
  }
}

# table.events (processing.yaml:20)
resource "aws_dynamodb_table" "events" {
  name                        = "events"
  hash_key                    = "tenant"
  range_key                   = "id"
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = false
  table_class                 = "STANDARD"

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  global_secondary_index {
    name            = "by-type"
    hash_key        = "type"
    range_key       = "occurred_at"
    projection_type = "ALL"
  }

  attribute {
    name = "tenant"
    type = "S"
  }

  attribute {
    name = "id"
    type = "S"
  }

  attribute {
    name = "type"
    type = "S"
  }

  attribute {
    name = "occurred_at"
    type = "S"
  }

  tags = merge(local.tags, { "queuestack:address" = "table.events" })
}

# alarm.events-queue-age, made by queue.events-queue (processing.yaml:11)
resource "aws_cloudwatch_metric_alarm" "events_queue_age" {
  alarm_name          = "events-queue-age"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.events_queue.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  threshold           = 900
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.events-queue-age" })
}

# alarm.events-queue-backlog, made by queue.events-queue (processing.yaml:10)
resource "aws_cloudwatch_metric_alarm" "events_queue_backlog" {
  alarm_name          = "events-queue-backlog"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.events_queue.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  threshold           = 1000
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.events-queue-backlog" })
}

# alarm.events-queue-dead-letters, made by queue.events-queue (processing.yaml:9)
resource "aws_cloudwatch_metric_alarm" "events_queue_dead_letters" {
  alarm_name          = "events-queue-dead-letters"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.events_queue_dlq.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.events-queue-dead-letters" })
}

# alarm.processing-duration, made by worker.processing (processing.yaml:13)
resource "aws_cloudwatch_metric_alarm" "processing_duration" {
  alarm_name          = "processing-duration"
  namespace           = "AWS/Lambda"
  metric_name         = "Duration"
  dimensions          = { FunctionName = aws_lambda_function.processing.function_name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 8000
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.processing-duration" })
}

# alarm.processing-errors, made by worker.processing (processing.yaml:13)
resource "aws_cloudwatch_metric_alarm" "processing_errors" {
  alarm_name          = "processing-errors"
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.processing.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.processing-errors" })
}

# alarm.processing-throttles, made by worker.processing (processing.yaml:13)
resource "aws_cloudwatch_metric_alarm" "processing_throttles" {
  alarm_name          = "processing-throttles"
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = aws_lambda_function.processing.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.processing-throttles" })
}

# log_group.processing, made by worker.processing (processing.yaml:13)
resource "aws_cloudwatch_log_group" "processing" {
  name              = "/aws/lambda/processing"
  retention_in_days = 14
  tags              = merge(local.tags, { "queuestack:address" = "log_group.processing" })
}

# role.processing, made by worker.processing (processing.yaml:13)
resource "aws_iam_role" "processing" {
  name                 = "processing-role-${local.region}"
  path                 = "/queuestack/processing/"
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

  tags = merge(local.tags, { "queuestack:address" = "role.processing", "queuestack:region" = local.region })
}

resource "aws_iam_role_policy" "processing" {
  name = "queuestack"
  role = aws_iam_role.processing.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.processing.arn}:*"]
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
        Resource = [aws_sqs_queue.events_queue.arn]
      },
      {
        Sid      = "DeadLetter"
        Effect   = "Allow"
        Action   = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"]
        Resource = [aws_sqs_queue.events_queue_dlq.arn]
      },
      {
        Sid      = "Write"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
        Resource = [aws_dynamodb_table.events.arn]
      },
    ]
  })
}

resource "aws_iam_role_policies_exclusive" "processing" {
  role_name    = aws_iam_role.processing.name
  policy_names = [aws_iam_role_policy.processing.name]
}

# function.processing, made by worker.processing (processing.yaml:13)
resource "aws_lambda_function" "processing" {
  function_name    = "processing"
  filename         = "${path.module}/build/processing-x86_64.zip"
  source_code_hash = try(filebase64sha256("${path.module}/build/processing-x86_64.zip"), null)
  role             = aws_iam_role.processing.arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = ["x86_64"]
  memory_size      = 256
  timeout          = 10

  environment {
    variables = {
      DLQ_URL           = aws_sqs_queue.events_queue_dlq.url
      EVENT_KEEP_DAYS   = "365"
      QUEUE_URL         = aws_sqs_queue.events_queue.url
      TABLE_NAME_EVENTS = aws_dynamodb_table.events.name
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
    log_group             = aws_cloudwatch_log_group.processing.name
    application_log_level = "INFO"
    system_log_level      = "INFO"
  }

  tags       = merge(local.tags, { "queuestack:address" = "function.processing" })
  depends_on = [aws_iam_role_policy.processing]
}

# mapping.processing, made by worker.processing (processing.yaml:13)
resource "aws_lambda_event_source_mapping" "processing" {
  event_source_arn                   = aws_sqs_queue.events_queue.arn
  function_name                      = aws_lambda_function.processing.arn
  batch_size                         = 10
  maximum_batching_window_in_seconds = 0
  function_response_types            = ["ReportBatchItemFailures"]
  enabled                            = true

  scaling_config {
    maximum_concurrency = 5
  }

  tags = merge(local.tags, { "queuestack:address" = "mapping.processing" })
}
