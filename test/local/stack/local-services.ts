/** The local AWS on a free port, for stacks to be deployed into. */
import { type RunningAws, startAws } from '../../../local/start.ts';
import type { Deployment } from '../../../local/stack/deploy.ts';

export interface LocalServices extends Pick<RunningAws, 'endpoint' | 'clock' | 'roles' | 'close'> {
  /** Makes the functions of a deployment reachable, for events and over HTTP. */
  serve(deployment: Deployment): void;
}

export async function startLocalServices(): Promise<LocalServices> {
  const failures: unknown[] = [];
  const aws = await startAws({ onCrash: (error) => void failures.push(error) });
  return {
    ...aws,
    serve({ lambda }) {
      aws.serve(lambda);
      aws.front.mountHttp('lambda', lambda);
    },
    async close() {
      await aws.close();
      if (failures.length > 0) throw new AggregateError(failures, 'the local services failed');
    },
  };
}
