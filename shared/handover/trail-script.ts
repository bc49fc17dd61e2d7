/**
 * Renders a POSIX shell script that checks by the AWS CLI that a trail logs the changes of the key. Without a trail
 * EventBridge never gets the event DisableKey, and we notice the disabled key only when KMS refuses us.
 */
import type { Onboarding } from './input.ts';
import { keyRegions } from './tenant-key.ts';

/**
 * Renders the script. It exits 0 if in each region of the key a trail logs the write events of KMS, 1 if not. A trail
 * whose settings cannot be read (that of an organisation, from a member account) proves nothing, and the script names
 * it.
 */
export function trailScript(onboarding: Onboarding): string {
  const regions = keyRegions(onboarding);
  return `#!/bin/sh
# Checks that a trail logs the changes of the key of tenant ${onboarding.tenantId}. Without one Sealstream notices a disabled key only
# when KMS refuses it. The script exits 0 if a trail logs them in every region of the key, 1 if not. It needs the AWS CLI
# and the permissions cloudtrail:DescribeTrails, GetTrailStatus and GetEventSelectors.
set -eu

# True when the event selectors of a trail take management events, with the writes and with kms.amazonaws.com.
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
      echo "$region: the settings of $trail cannot be read; ask its owner if it logs KMS"
    elif [ "$logging" != True ]; then
      echo "$region: $trail is not logging"
    elif [ "$logs_kms" != True ]; then
      echo "$region: $trail does not log the management events of KMS"
    else
      found=$trail
    fi
  done
  if [ -n "$found" ]; then
    echo "$region: ok, $found logs KMS"
  else
    echo "$region: NOT LOGGED. A trail must log the management events (write) there, including those of KMS." >&2
    missing=1
  fi
done
exit "$missing"
`;
}

/**
 * The conditions that keep KMS's events out of an advanced selector. A selector that uses a field we do not know proves
 * nothing.
 */
const FILTERS_KMS_OUT = [
  '!contains(`["eventCategory","readOnly","eventSource"]`, Field)',
  'Field == `"readOnly"` && !contains(Equals || `[]`, `"false"`)',
  'Field == `"eventSource"` && !contains(Equals || `["kms.amazonaws.com"]`, `"kms.amazonaws.com"`)',
  'Field == `"eventSource"` && contains(NotEquals || `[]`, `"kms.amazonaws.com"`)',
  'Field == `"eventSource"` && (StartsWith || EndsWith || NotStartsWith || NotEndsWith)',
].join('\n      || ');

/**
 * A JMESPath expression over the answer of GetEventSelectors: true or false. It has no single quotes, because the
 * script puts it between them.
 */
const LOGS_WRITES_OF_KMS = `(EventSelectors[?IncludeManagementEvents && ReadWriteType != \`"ReadOnly"\`
    && !contains(ExcludeManagementEventSources || \`[]\`, \`"kms.amazonaws.com"\`)]
  || AdvancedEventSelectors[?FieldSelectors[?Field == \`"eventCategory"\` && contains(Equals, \`"Management"\`)]
    && !(FieldSelectors[?${FILTERS_KMS_OUT}])])
  && \`true\` || \`false\``;
