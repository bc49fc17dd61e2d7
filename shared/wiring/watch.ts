/** Wires the function `watch`, which finds out every minute what no event has told. */
import type { Summary } from '../watch/notice.ts';
import { watch, type WatchPorts } from '../watch/watch.ts';
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

export type WatchSettings = Pick<WatchPorts, 'propagationSeconds' | 'unparkPerSecond' | 'stuckSeconds'>;

export function watchFunction(
  ports: WatchFunctionPorts,
  settings: WatchSettings,
): (signal: AbortSignal) => Promise<Summary> {
  const usePorts = { ...ports, kms: ports.controlPlaneKms, report: ports.reportNotice, ...settings };
  return async (signal) => await watch(usePorts, signal);
}
