/** Delivers the payloads that one service sends to another: to a queue or to a function, told apart by ARN. */
import type { Deliver } from './front/service.ts';
import type { Lambda } from './lambda/service.ts';
import type { Sqs } from './sqs/service.ts';

export interface Receivers {
  readonly sqs: Pick<Sqs, 'deliver'>;
  /** Returns undefined until functions are deployed. */
  readonly functions: () => Pick<Lambda, 'deliver'> | undefined;
}

/** Returns a `Deliver`, which rejects when nothing has that ARN. */
export function createDeliver({ sqs, functions }: Receivers): Deliver {
  return async (targetArn, payload, sender) => {
    const service = targetArn.split(':')[2];
    const lambda = functions();
    if (service === 'sqs') sqs.deliver(targetArn, JSON.stringify(payload), sender);
    else if (service === 'lambda' && lambda !== undefined) await lambda.deliver(targetArn, payload, sender);
    else throw new Error(`Nothing takes deliveries at ${targetArn}`);
  };
}
