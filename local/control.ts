/**
 * The control API under `/_local/…`, which takes no credential. Tests and drills use it to arm faults, move the
 * clock, delay KMS, disturb EventBridge and see who called what. AWS has no such API, so the product must not use
 * it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod';
import type { DeliveryMode } from './eventbridge/dispatch.ts';
import type { LocalClock } from './front/clock.ts';
import { type Faults, faultSchema } from './front/faults.ts';
import type { Control } from './front/front.ts';
import { AwsError } from './front/service.ts';
import type { Timings } from './front/timings.ts';
import type { RecordedDecision } from './iam/decision-log.ts';
import { assertPolicy } from './iam/policy-validation.ts';
import type { Roles } from './iam/roles.ts';

export interface ControlTargets {
  readonly faults: Faults;
  readonly clock: LocalClock;
  readonly decisions: () => readonly RecordedDecision[];
  /** One entry per sandbox: function, pid, session, invocations, peakResidentBytes. */
  readonly sandboxes: () => readonly object[];
  readonly setDelivery: (mode: DeliveryMode) => void;
  readonly roles: Roles;
  readonly timings: Timings;
  readonly kms: {
    readonly setPropagationDelay: (
      seconds: number,
      options: { readonly describe?: boolean | undefined },
    ) => void;
    readonly calls: () => readonly object[];
    readonly clearCalls: () => void;
  };
}

type Handler = (targets: ControlTargets, input: unknown) => object | Promise<object>;

const HANDLERS: Readonly<Record<string, Handler>> = {
  'GET /_local/faults': ({ faults }) => faults.list(),
  'POST /_local/faults': ({ faults }, input) => ({ id: faults.add(faultSchema.parse(input)) }),
  'DELETE /_local/faults': ({ faults }) => done(faults.clear()),
  'GET /_local/clock': ({ clock }) => ({ nowMs: clock.now() }),
  'POST /_local/clock': async ({ clock }, input) => {
    await clock.advance(z.strictObject({ advanceMs: z.number().nonnegative() }).parse(input).advanceMs);
    return { nowMs: clock.now() };
  },
  'POST /_local/kms/propagation': ({ kms }, input) => {
    const propagation = z.strictObject({
      seconds: z.number().nonnegative(),
      describe: z.boolean().optional(),
    });
    const { seconds, describe } = propagation.parse(input);
    return done(kms.setPropagationDelay(seconds, { describe }));
  },
  'GET /_local/kms/calls': ({ kms }) => kms.calls(),
  'DELETE /_local/kms/calls': ({ kms }) => done(kms.clearCalls()),
  'GET /_local/decisions': ({ decisions }) => decisions(),
  'GET /_local/timings': ({ timings }) => timings.entries(),
  'DELETE /_local/timings': ({ timings }) => done(timings.clear()),
  'GET /_local/sandboxes': ({ sandboxes }) => sandboxes(),
  // This stands in for IAM, which the local AWS does not serve.
  'POST /_local/roles': ({ roles }, input) => {
    const { arn, policies } = z
      .strictObject({ arn: z.string(), policies: z.array(z.unknown()) })
      .parse(input);
    const documents = policies.map((policy) => assertPolicy(policy, 'identity'));
    return done(roles.put(arn, documents));
  },
  'POST /_local/events/delivery': ({ setDelivery }, input) => {
    const modes = z.enum(['normal', 'lose', 'double', 'reorder']);
    return done(setDelivery(z.strictObject({ mode: modes }).parse(input).mode));
  },
};

/** Returns a control that answers 404 to an unknown request and 400 to an input of another shape. */
export function createControl(targets: ControlTargets): Control {
  return async (request, response, url) => {
    const handler = HANDLERS[`${request.method} ${url.pathname}`];
    try {
      if (handler === undefined) throw new AwsError('NotFound', 404, 'No such control endpoint');
      answer(response, 200, await handler(targets, await readInput(request)));
    } catch (error) {
      if (!(error instanceof AwsError) && !(error instanceof z.ZodError)) throw error;
      answer(response, error instanceof AwsError ? error.status : 400, { message: error.message });
    }
  };
}

async function readInput(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  if (parts.length === 0) return {};
  try {
    return JSON.parse(Buffer.concat(parts).toString());
  } catch {
    throw new AwsError('SerializationException', 400, 'The request body is not JSON');
  }
}

function answer(response: ServerResponse, status: number, output: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(output));
}

function done(_nothing: void): object {
  return {};
}
