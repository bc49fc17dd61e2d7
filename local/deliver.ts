/** Where one service hands something to another: queues, functions and event buses, told apart by ARN. */
import type { Sqs } from './sqs/service.ts';
import type { Deliver, Sender } from './front/service.ts';

export interface Receivers {
  readonly sqs: Pick<Sqs, 'deliver'>;
  /** Undefined until functions are deployed. */
  readonly lambda: () =>
    { deliver(functionArn: string, payload: object, sender?: Sender): Promise<void> } | undefined;
}

/** Rejects where nothing has that ARN. */
export function createDeliver({ sqs, lambda }: Receivers): Deliver {
  return async (targetArn, payload, sender) => {
    const service = targetArn.split(':')[2];
    const functions = lambda();
    if (service === 'sqs') sqs.deliver(targetArn, JSON.stringify(payload), sender);
    else if (service === 'lambda' && functions !== undefined)
      await functions.deliver(targetArn, payload, sender);
    else throw new Error(`Nothing takes deliveries at ${targetArn}`);
  };
}
