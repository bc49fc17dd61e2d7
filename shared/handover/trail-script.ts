/**
 * The check that a trail logs what is done to the key. Without one EventBridge never hears of DisableKey, and we
 * notice a pressed button only by being refused. A POSIX shell script around the AWS CLI.
 */
import type { Onboarding } from './input.ts';
import { keyRegions } from './tenant-key.ts';

/**
 * Exits 0 if in each region of the key some trail logs the write events of KMS, 1 if not. A trail that may not be
 * looked into (an organisation's, from a member account) proves nothing, and is named.
 */
export function trailScript(onboarding: Onboarding): string {
  const regions = keyRegions(onboarding);
  return `#!/bin/sh
# Does a trail log what is done to the key of tenant ${onboarding.tenantId}? Without one Sealstream hears of a disabled key only when it
# is refused. Exits 0 if yes, 1 if not. Needs the AWS CLI and cloudtrail:DescribeTrails, GetTrailStatus and
# GetEventSelectors.
set -eu

# Of the event selectors of a trail: management events, writes among them, kms.amazonaws.com not left out.
selectors='${LOGS_WRITES_OF_KMS}'

missing=0
for region in ${regions.join(' ')}; do
  found=''
  trails=$(aws cloudtrail describe-trails --region "$region" --query 'trailList[].TrailARN' --output text)
  for trail in $trails; do
    if ! logging=$(aws cloudtrail get-trail-status --region "$region" --name "$trail" \\
      --query IsLogging --output text) ||
      ! logs_kms=$(aws cloudtrail get-event-selectors --region "$region" --trail-name "$trail" \\
        --query "$selectors" --output text); then
      echo "$region: $trail cannot be looked into; ask who owns it whether it logs KMS"
    elif [ "$logging" != True ]; then
      echo "$region: $trail is switched off"
    elif [ "$logs_kms" != True ]; then
      echo "$region: $trail leaves out the management events of KMS"
    else
      found=$trail
    fi
  done
  if [ -n "$found" ]; then
    echo "$region: ok, $found logs KMS"
  else
    echo "$region: NOT LOGGED. Have a trail log management events (write) there, KMS events not excluded." >&2
    missing=1
  fi
done
exit "$missing"
`;
}

/** Of an advanced selector we judge by the fields we know; one that filters by others proves nothing. */
const FILTERS_KMS_OUT = [
  '!contains(`["eventCategory","readOnly","eventSource"]`, Field)',
  'Field == `"readOnly"` && !contains(Equals || `[]`, `"false"`)',
  'Field == `"eventSource"` && !contains(Equals || `["kms.amazonaws.com"]`, `"kms.amazonaws.com"`)',
  'Field == `"eventSource"` && contains(NotEquals || `[]`, `"kms.amazonaws.com"`)',
  'Field == `"eventSource"` && (StartsWith || EndsWith || NotStartsWith || NotEndsWith)',
].join('\n      || ');

/** JMESPath over the answer of GetEventSelectors, true or false. No single quotes: it stands in such. */
const LOGS_WRITES_OF_KMS = `(EventSelectors[?IncludeManagementEvents && ReadWriteType != \`"ReadOnly"\`
    && !contains(ExcludeManagementEventSources || \`[]\`, \`"kms.amazonaws.com"\`)]
  || AdvancedEventSelectors[?FieldSelectors[?Field == \`"eventCategory"\` && contains(Equals, \`"Management"\`)]
    && !(FieldSelectors[?${FILTERS_KMS_OUT}])])
  && \`true\` || \`false\``;
