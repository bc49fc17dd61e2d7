/** What tenants grant to: our roles, and the bus that the events of their keys go to. */
import type { Onboarding } from '../../onboarding/input.ts';

/** As the templates name us. */
export interface Ourselves {
  readonly partition: Onboarding['partition'];
  readonly isv: Onboarding['isv'];
}

/** The account and the region are read from the ARNs. */
export function ourselvesOf(arns: Omit<Onboarding['isv'], 'accountId' | 'region'>): Ourselves {
  const [, name = '', , region = '', accountId = ''] = arns.eventBusArn.split(':');
  const partition = name === 'aws-cn' || name === 'aws-us-gov' ? name : 'aws';
  return { partition, isv: { accountId, region, ...arns } };
}
