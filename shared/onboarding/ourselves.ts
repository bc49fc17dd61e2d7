/** What tenants grant to: our roles, and the bus that the events of their keys go to. */
import type { Onboarding } from '../handover/input.ts';

/** As the templates name us. */
export interface Ourselves {
  readonly partition: Onboarding['partition'];
  readonly isv: Onboarding['isv'];
}

/** Partition, account and region are read from the ARNs. */
export function ourselvesOf(arns: Omit<Onboarding['isv'], 'accountId' | 'region'>): Ourselves {
  const [, partition = '', , region = '', accountId = ''] = arns.eventBusArn.split(':');
  return { partition, isv: { accountId, region, ...arns } };
}
