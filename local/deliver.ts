/** Where one service hands something to another: queues, functions and event buses, told apart by ARN. */
import type { Sqs } from './sqs/service.ts';
import type { Deliver } from './service.ts';

export interface Receivers {
  readonly sqs: Pick<Sqs, 'deliver'>;
  /** Undefined until functions are deployed. */
  readonly lambda: () => { deliver(functionArn: string, payload: object): Promise<void> } | undefined;
}

/** Rejects where nothing has that ARN. */
export function createDeliver({ sqs, lambda }: Receivers): Deliver {
  return async (targetArn, payload) => {
    const service = targetArn.split(':')[2];
    const functions = lambda();
    if (service === 'sqs') sqs.deliver(targetArn, JSON.stringify(payload));
    else if (service === 'lambda' && functions !== undefined) await functions.deliver(targetArn, payload);
    else throw new Error(`Nothing takes deliveries at ${targetArn}`);
  };
}
