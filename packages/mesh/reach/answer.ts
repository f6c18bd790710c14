/** What is asked about reachability, and what is answered. */
import type { Flow } from '../policy/decide.ts';

/** Whether one reaches the other: ids of peers, of ranges behind clusters, which means whatever host of them, or of pods. */
export interface Question extends Flow {
  readonly from: string;
  readonly to: string;
}

/** What decided: the policy, a missing route, a tunnel, the underlay beneath it, or that there is nobody. */
export type Layer = 'policy' | 'route' | 'tunnel' | 'security-group' | 'nat' | 'no-such-peer';

/** What stopped a packet, and at which peer. */
export interface Decision {
  /** A peer's id. */
  readonly hop: string;
  readonly layer: Layer;
  readonly words: string;
}

export interface Answer {
  /** `reached` where every flow passes: with several gateways flows take different ways. */
  readonly verdict: 'reached' | 'blocked';
  /** Some flows pass and others do not. */
  readonly partly: boolean;
  /** Ids of the peers on the way, as far as it goes; where there are several, the way that decided. */
  readonly hops: readonly string[];
  readonly decidedBy: Decision;
}
