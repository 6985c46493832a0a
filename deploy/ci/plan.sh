#!/usr/bin/env bash
# Plans manifests in a pipeline, and keeps one comment on the pull request or merge request up to date with the result.
#
# The exit status is that of plan, but 0 for changes: they are what a pull request is for.
#
#   PLAN_FILENAMES  files, folders or patterns, one a line
#   PLAN_OPTIONS    further options of plan, one a line; optional
#   PLAN_PROGRAM    the program; default: instance-profile-controller
#   PLAN_REPORT     the file for the report; default: plan.md
#   PLAN_COMMENT    true (default) or false
#
# GitHub: GH_TOKEN, GITHUB_REPOSITORY, PULL_REQUEST, GITHUB_STEP_SUMMARY. GitLab: GITLAB_TOKEN and the variables of a merge request pipeline.
set -euo pipefail

marker='<!-- instance-profile-controller plan -->'
max_chars=60000 # GitHub takes 65,536, and GitLab more.
report=${PLAN_REPORT:-plan.md}
read -ra program <<<"${PLAN_PROGRAM:-instance-profile-controller}"

arguments=()
while IFS= read -r name; do
  if [[ -n $name ]]; then arguments+=(-f "$name"); fi
done <<<"${PLAN_FILENAMES:?names the manifests}"
while IFS= read -r option; do
  if [[ -n $option ]]; then arguments+=("$option"); fi
done <<<"${PLAN_OPTIONS:-}"

status=0
"${program[@]}" plan "${arguments[@]}" --output markdown >"$report" 2>plan.err || status=$?
cat plan.err >&2

{
  printf '%s\n' "$marker"
  if [[ -s $report ]]; then
    head -c "$max_chars" "$report"
  else
    printf '**The plan failed.**\n\n'
    sed 's/^/    /' plan.err | head -c "$max_chars"
  fi
  if (($(wc -c <"$report") > max_chars)); then printf '\n```\n\nThe report is longer: see the summary of the job.\n'; fi
} >comment.md

if [[ -n ${GITHUB_STEP_SUMMARY:-} ]]; then cat "$report" >>"$GITHUB_STEP_SUMMARY"; fi
if [[ -n ${GITHUB_OUTPUT:-} ]]; then printf 'exit-code=%s\nreport=%s\n' "$status" "$report" >>"$GITHUB_OUTPUT"; fi

# Only a comment of the pipeline's own account is changed: anybody can write the marker.
if [[ ${PLAN_COMMENT:-true} == true && -n ${PULL_REQUEST:-} ]]; then
  comments="repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments"
  mine=".[] | select(.user.login == \"github-actions[bot]\" and (.body | startswith(\"$marker\"))) | .id"
  id=$(gh api "$comments" --paginate --jq "$mine" | head -n 1)
  if [[ -n $id ]]; then
    gh api --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id" --field body=@comment.md --silent
  else
    gh api --method POST "$comments" --field body=@comment.md --silent
  fi
elif [[ ${PLAN_COMMENT:-true} == true && -n ${CI_MERGE_REQUEST_IID:-} && -n ${GITLAB_TOKEN:-} ]]; then
  notes="$CI_API_V4_URL/projects/$CI_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes"
  call() { curl --fail --silent --show-error --header @<(printf 'PRIVATE-TOKEN: %s' "$GITLAB_TOKEN") "$@"; }
  account=$(call "$CI_API_V4_URL/user" | jq .id)
  mine="map(select(.author.id == $account and (.body | startswith(\"$marker\")))) | .[0].id // empty"
  id=$(call "$notes?per_page=100" | jq "$mine")
  if [[ -n $id ]]; then
    call --request PUT --data-urlencode body@comment.md "$notes/$id" >/dev/null
  else
    call --request POST --data-urlencode body@comment.md "$notes" >/dev/null
  fi
fi

if ((status == 2)); then exit 0; fi
exit "$status"
