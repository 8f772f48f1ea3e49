#!/usr/bin/env bash
# Plans stacks and keeps one comment of the pull request up to date, or applies what was reviewed.
#
# Everything comes in the environment, so that nothing from outside is ever part of a command's text:
#   QUEUESTACK_COMMAND   plan, apply, or auto: plan for pull requests, apply for pushes
#   QUEUESTACK_STACKS    stack files, one a line
#   QUEUESTACK_ARGUMENTS more arguments of validate and plan, one a line: --var-file, values/prod.yaml
#   QUEUESTACK_PLAN_ARGUMENTS  more arguments of plan alone, one a line: --deny, destructive
#   QUEUESTACK_REVIEWED  true: apply only what the comment of the merged pull request says (default); false: apply
#   QUEUESTACK_COMMENT   what tells this comment from those of other jobs (default: stacks)
#   QUEUESTACK_AUTHOR    who writes the comment; those of others are ignored (default: github-actions[bot])
#   QUEUESTACK_BIN       the program (default: queuestack)
#   QUEUESTACK_PLANS     the folder for saved plans (default: a temporary one)
#   GITHUB_TOKEN, GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_SHA, GITHUB_EVENT_NAME, GITHUB_EVENT_PATH: as GitHub sets them
set -euo pipefail
# What fails within $(…) fails the script.
shopt -s inherit_errexit

fail() { printf '::error::%s\n' "$*"; exit 1; }
lines() { [[ -z ${!1:-} ]] || grep -v '^[[:space:]]*$' <<< "${!1}" | sed 's/^[[:space:]]*//; s/[[:space:]]*$//'; }
output() { if [[ -n ${GITHUB_OUTPUT:-} ]]; then printf '%s=%s\n' "$1" "$2" >> "$GITHUB_OUTPUT"; fi; }

bin=${QUEUESTACK_BIN:-queuestack}
author=${QUEUESTACK_AUTHOR:-github-actions[bot]}
marker="<!-- queuestack:comment:${QUEUESTACK_COMMENT:-stacks} -->"
folder=${QUEUESTACK_PLANS:-$(mktemp -d)}
mkdir -p "$folder"
mapfile -t stacks < <(lines QUEUESTACK_STACKS)
mapfile -t arguments < <(lines QUEUESTACK_ARGUMENTS)
mapfile -t plan_arguments < <(lines QUEUESTACK_PLAN_ARGUMENTS)
((${#stacks[@]})) || fail "no stacks: set the input \`stacks\`"

# The token goes to curl by its standard input: an argument could be read by every process of the machine.
api() {
  local method=$1 path=$2
  shift 2
  curl --silent --show-error --fail-with-body --retry 3 --config - --request "$method" \
    --header 'Accept: application/vnd.github+json' --header 'X-GitHub-Api-Version: 2022-11-28' \
    "$@" "${GITHUB_API_URL:-https://api.github.com}/repos/$GITHUB_REPOSITORY/$path" \
    <<< "header = \"Authorization: Bearer $GITHUB_TOKEN\""
}

# Prints our comment of a pull request as JSON, or nothing.
find_comment() {
  local page=1 comments
  while :; do
    comments=$(api GET "issues/$1/comments?per_page=100&page=$page")
    jq -ec --arg marker "$marker" --arg author "$author" \
      'map(select(.user.login == $author and (.body | startswith($marker)))) | first // empty' <<< "$comments" && return
    (($(jq length <<< "$comments") == 100)) || return 0
    page=$((page + 1))
  done
}

# Creates our comment of a pull request or updates the one that is there.
comment() {
  local found url method=POST path="issues/$1/comments"
  found=$(find_comment "$1")
  if [[ $found ]]; then
    method=PATCH
    path="issues/comments/$(jq -r .id <<< "$found")"
  fi
  jq --raw-input --slurp '{body: .}' "$2" > "$folder/comment.json"
  url=$(api "$method" "$path" --data-binary "@$folder/comment.json" | jq -r .html_url)
  output comment-url "$url"
}

plan_file() { printf '%s/%s.qsp' "$folder" "$(printf '%s' "$1" | tr -c 'A-Za-z0-9.-' '_')"; }

# A digest for each step of a saved plan: where, to what and what it does. What is counted at that moment, such as the
# messages that a queue holds, is no part of it.
step_digests() {
  local step
  jq -c '{place: .target.place, stack} as $of | .steps[]
    | {$of, address, name, action, changes: [.changes[] | {attribute, before, after}]}' "$1" |
    while IFS= read -r step; do printf '%s' "$step" | sha256sum | cut -c 1-16; done
}

# Plans each stack into a file of its own, and writes what a reviewer reads to plan.md. One that fails hides no other.
plan_all() {
  local stack code file
  changes=false failed=false
  : > "$folder/plan.md"
  : > "$folder/steps"
  for stack in "${stacks[@]}"; do
    code=0
    file=$(plan_file "$stack")
    rm -f "$file"
    "$bin" plan "$stack" "${arguments[@]}" "${plan_arguments[@]}" --format markdown --out "$file" \
      --detailed-exitcode >> "$folder/plan.md" || code=$?
    printf '\n' >> "$folder/plan.md"
    case $code in
      0) ;;
      2) changes=true ;;
      *) failed=true ;;
    esac
    if [[ -e $file ]]; then step_digests "$file" >> "$folder/steps"; fi
  done
  sort -o "$folder/steps" "$folder/steps"
  digest=$(sha256sum < "$folder/steps" | cut -d ' ' -f 1)
  output changes "$changes"
  if [[ -n ${GITHUB_STEP_SUMMARY:-} ]]; then cat "$folder/plan.md" >> "$GITHUB_STEP_SUMMARY"; fi
}

plan() {
  local number code=0
  "$bin" validate "${stacks[@]}" "${arguments[@]}" --format github || code=$?
  plan_all
  number=$(jq -r '.pull_request.number // empty' "${GITHUB_EVENT_PATH:?}")
  if [[ $number ]]; then
    {
      printf '%s\n' "$marker"
      if (($(wc -m < "$folder/plan.md") > 65000)); then
        # Each fits alone; one command for all shares the room between them.
        "$bin" plan "${stacks[@]}" "${arguments[@]}" "${plan_arguments[@]}" --format markdown || true
      else
        cat "$folder/plan.md"
      fi
    } > "$folder/comment.md"
    # With each step's own, what is left of a plan is known as reviewed too; GitHub takes 65 536 characters in all.
    if (($(wc -m < "$folder/comment.md") + 17 * $(wc -l < "$folder/steps") > 65300)); then : > "$folder/steps"; fi
    printf '\n<!-- queuestack:digest:%s%s -->\n' "$digest" "$(sed 's/^/ /' "$folder/steps" | tr -d '\n')" >> "$folder/comment.md"
    comment "$number" "$folder/comment.md"
  fi
  [[ $code == 0 && $failed == false ]] || fail "a stack cannot be planned; the comment and the log say why"
}

# The digest of the plan that was reviewed and those of its steps, from the comment of the merged pull request.
reviewed() {
  local number found
  number=$(api GET "commits/$GITHUB_SHA/pulls" | jq -r 'map(select(.merged_at != null)) | first | .number // empty')
  [[ $number ]] || fail "no merged pull request brought $GITHUB_SHA: nothing was reviewed. Set \`reviewed: false\` to apply it all the same"
  found=$(find_comment "$number")
  [[ $found ]] || fail "pull request $number has no comment with a plan"
  jq -r '.body | capture("<!-- queuestack:digest:(?<digests>[0-9a-f]{64}( [0-9a-f]{16})*) -->\\s*$").digests' <<< "$found"
}

apply() {
  local stack wanted
  plan_all
  [[ $failed == false ]] || fail "a stack cannot be planned; the log says why"
  if [[ ${QUEUESTACK_REVIEWED:-true} == true ]]; then
    wanted=$(reviewed) || { printf '%s\n' "$wanted"; exit 1; }
    # What an apply that was interrupted has left is a part of what was reviewed.
    [[ ${wanted%% *} == "$digest" || -z $(comm -23 "$folder/steps" <(tr ' ' '\n' <<< "$wanted" | sort)) ]] ||
      fail "the plan is not the one that was reviewed: the account or another branch has moved on. Open a pull request with the difference, or re-run its checks before merging"
  fi
  for stack in "${stacks[@]}"; do
    "$bin" apply "$(plan_file "$stack")" --yes
  done
}

case ${QUEUESTACK_COMMAND:-auto}/${GITHUB_EVENT_NAME:-} in
  plan/* | auto/pull_request) plan ;;
  apply/* | auto/push | auto/workflow_dispatch) apply ;;
  *) fail "command \`${QUEUESTACK_COMMAND:-auto}\` does not fit the event \`${GITHUB_EVENT_NAME:-}\`: say plan or apply" ;;
esac
