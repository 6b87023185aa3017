import type { RealServer, VirtualService } from '../../model/virtual-service.ts';

/** What one check found, in words for `status`: `200 OK in 2 ms`, `connection refused`. */
export interface CheckResult {
  readonly ok: boolean;
  readonly text: string;
}

export interface CheckTarget {
  readonly service: VirtualService;
  readonly server: RealServer;
}

/** Looks once after a real server; must settle soon after `signal` aborts, whatever the server does. */
export type Checker = (target: CheckTarget, signal: AbortSignal) => Promise<CheckResult>;
