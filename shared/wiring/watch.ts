/** Wires the function `watch`, which finds out every minute what no event has told. */
import type { Summary } from '../watch/notice.ts';
import { watch } from '../watch/watch.ts';
import type { Ports } from './ports.ts';

export type WatchFunctionPorts = Pick<
  Ports,
  | 'tenants'
  | 'state'
  | 'parking'
  | 'leases'
  | 'redrives'
  | 'listing'
  | 'jobs'
  | 'uploads'
  | 'controlPlaneKms'
  | 'now'
  | 'reportNotice'
>;

export interface WatchSettings {
  /** The time that KMS may take to spread a change of a key. */
  readonly propagationSeconds: number;
  /** The parked jobs of one tenant that go back to the queue in a second. */
  readonly unparkPerSecond: number;
  /** The time after which an unsealed upload that nothing works on is re-driven. */
  readonly stuckSeconds: number;
}

export function watchFunction(
  ports: WatchFunctionPorts,
  settings: WatchSettings,
): (signal: AbortSignal) => Promise<Summary> {
  const usePorts = { ...ports, kms: ports.controlPlaneKms, report: ports.reportNotice, ...settings };
  return async (signal) => await watch(usePorts, signal);
}
