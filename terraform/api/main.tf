# Rendered by queuestack from api.yaml: change that and render again.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id
  tags       = { "queuestack:stack" = "api" }
}

# queue.events-queue (api.yaml:11)
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

# queue.events-queue-dlq, made by queue.events-queue (api.yaml:11)
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

# alarm.events-queue-age, made by queue.events-queue (api.yaml:18)
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

# alarm.events-queue-backlog, made by queue.events-queue (api.yaml:17)
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

# alarm.events-queue-dead-letters, made by queue.events-queue (api.yaml:16)
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

# alarm.ingest-duration, made by worker.ingest (api.yaml:20)
resource "aws_cloudwatch_metric_alarm" "ingest_duration" {
  alarm_name          = "ingest-duration"
  namespace           = "AWS/Lambda"
  metric_name         = "Duration"
  dimensions          = { FunctionName = aws_lambda_function.ingest.function_name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 8000
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.ingest-duration" })
}

# alarm.ingest-errors, made by worker.ingest (api.yaml:20)
resource "aws_cloudwatch_metric_alarm" "ingest_errors" {
  alarm_name          = "ingest-errors"
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.ingest.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.ingest-errors" })
}

# alarm.ingest-throttles, made by worker.ingest (api.yaml:20)
resource "aws_cloudwatch_metric_alarm" "ingest_throttles" {
  alarm_name          = "ingest-throttles"
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = aws_lambda_function.ingest.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.ingest-throttles" })
}

# alarm.processing-duration, made by worker.processing (api.yaml:24)
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

# alarm.processing-errors, made by worker.processing (api.yaml:24)
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

# alarm.processing-throttles, made by worker.processing (api.yaml:24)
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

# log_group.ingest, made by worker.ingest (api.yaml:20)
resource "aws_cloudwatch_log_group" "ingest" {
  name              = "/aws/lambda/ingest"
  retention_in_days = 14
  tags              = merge(local.tags, { "queuestack:address" = "log_group.ingest" })
}

# log_group.processing, made by worker.processing (api.yaml:24)
resource "aws_cloudwatch_log_group" "processing" {
  name              = "/aws/lambda/processing"
  retention_in_days = 14
  tags              = merge(local.tags, { "queuestack:address" = "log_group.processing" })
}

# role.ingest, made by worker.ingest (api.yaml:20)
resource "aws_iam_role" "ingest" {
  name                 = "ingest-role-${local.region}"
  path                 = "/queuestack/api/"
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

  tags = merge(local.tags, { "queuestack:address" = "role.ingest", "queuestack:region" = local.region })
}

resource "aws_iam_role_policy" "ingest" {
  name = "queuestack"
  role = aws_iam_role.ingest.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.ingest.arn}:*"]
      },
      {
        Sid      = "XRay"
        Effect   = "Allow"
        Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        Resource = ["*"]
      },
      {
        Sid      = "Send"
        Effect   = "Allow"
        Action   = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"]
        Resource = [aws_sqs_queue.events_queue.arn]
      },
    ]
  })
}

resource "aws_iam_role_policies_exclusive" "ingest" {
  role_name    = aws_iam_role.ingest.name
  policy_names = [aws_iam_role_policy.ingest.name]
}

# role.processing, made by worker.processing (api.yaml:24)
resource "aws_iam_role" "processing" {
  name                 = "processing-role-${local.region}"
  path                 = "/queuestack/api/"
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

# function.ingest, made by worker.ingest (api.yaml:20)
resource "aws_lambda_function" "ingest" {
  function_name    = "ingest"
  filename         = "${path.module}/build/ingest-x86_64.zip"
  source_code_hash = try(filebase64sha256("${path.module}/build/ingest-x86_64.zip"), null)
  role             = aws_iam_role.ingest.arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = ["x86_64"]
  memory_size      = 256
  timeout          = 10

  environment {
    variables = { QUEUE_URL_EVENTS_QUEUE = aws_sqs_queue.events_queue.url }
  }

  ephemeral_storage {
    size = 512
  }

  tracing_config {
    mode = "Active"
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.ingest.name
    application_log_level = "INFO"
    system_log_level      = "INFO"
  }

  tags       = merge(local.tags, { "queuestack:address" = "function.ingest" })
  depends_on = [aws_iam_role_policy.ingest]
}

# function.processing, made by worker.processing (api.yaml:24)
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

# mapping.processing, made by worker.processing (api.yaml:24)
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

# table.events (api.yaml:37)
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

# http_api.ingest-api (api.yaml:31)
resource "aws_apigatewayv2_api" "ingest_api" {
  name                         = "ingest-api"
  protocol_type                = "HTTP"
  description                  = "Takes events and puts them into the queue"
  disable_execute_api_endpoint = false
  tags                         = merge(local.tags, { "queuestack:address" = "http_api.ingest-api" })
}

resource "aws_apigatewayv2_integration" "ingest_api" {
  for_each = {
    "POST /events" = {
      integration_uri        = aws_lambda_function.ingest.arn
      timeout_milliseconds   = 15000
      payload_format_version = "2.0"
    }
  }

  api_id                 = aws_apigatewayv2_api.ingest_api.id
  integration_type       = "AWS_PROXY"
  integration_uri        = each.value.integration_uri
  timeout_milliseconds   = each.value.timeout_milliseconds
  payload_format_version = each.value.payload_format_version
}

resource "aws_apigatewayv2_route" "ingest_api" {
  for_each           = { "POST /events" = { authorization_type = "NONE" } }
  api_id             = aws_apigatewayv2_api.ingest_api.id
  target             = "integrations/${aws_apigatewayv2_integration.ingest_api[each.key].id}"
  route_key          = each.key
  authorization_type = each.value.authorization_type
}

resource "aws_lambda_permission" "ingest_api-http_api" {
  for_each = {
    "POST /events" = {
      function_name = aws_lambda_function.ingest.function_name
      statement_id  = "queuestack-${aws_apigatewayv2_api.ingest_api.id}-d06f192f73143f36"
      source_arn    = "${aws_apigatewayv2_api.ingest_api.execution_arn}/*/POST/events"
    }
  }

  action        = "lambda:InvokeFunction"
  principal     = "apigateway.amazonaws.com"
  function_name = each.value.function_name
  statement_id  = each.value.statement_id
  source_arn    = each.value.source_arn
}

resource "aws_apigatewayv2_stage" "ingest_api" {
  api_id      = aws_apigatewayv2_api.ingest_api.id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit  = 100
    throttling_burst_limit = 200
  }
}
