/** Replaces this node's WireGuard key when its time has come, step by step as `pair/rotation.ts` says. */
import { createHash } from 'node:crypto';
import type { NetworkMap } from '@skein/contract/agent/map.ts';
import type { Channel } from '../channel/channel.ts';
import type { Log } from '../host/log.ts';
import { rotationStep } from '../pair/rotation.ts';
import {
  type Keys,
  makeNextKey,
  readNextKey,
  wireguardKeyMadeAt,
  wireguardPublicKey,
} from '../state/keys.ts';
import type { Node } from './node.ts';

export interface Rotation {
  /** Does what is next, if anything. To be called every few seconds. */
  tick(map: NetworkMap, channel: Channel): Promise<void>;
}

/** The coordinator is told again where its next map does not show what it was told. */
const TELL_AGAIN_SECONDS = 10;

/** @param clock monotonic milliseconds */
export async function newRotation(options: {
  keys: Keys;
  node: Node;
  log: Log;
  clock: () => number;
}): Promise<Rotation> {
  const { keys, node, log } = options;
  const seconds = () => options.clock() / 1000;
  // Of this node's own, and the same after a restart.
  const jitter = createHash('sha256').update(keys.identityKey).digest().readUInt32BE() / 2 ** 32;
  let madeAt = await wireguardKeyMadeAt();
  let next = await readNextKey();
  let toldAt = Number.NEGATIVE_INFINITY;
  let knownSince: number | undefined;
  let busy = false;

  const step = async (map: NetworkMap, channel: Channel) => {
    const publicNext = next === undefined ? null : wireguardPublicKey(next);
    const announced = publicNext !== null && map.self.nextWireguardKey === publicNext;
    knownSince = announced ? (knownSince ?? seconds()) : undefined;
    const waiting = {
      peers: announced ? node.announceKey(publicNext) : 0,
      seconds: seconds() - (knownSince ?? seconds()),
    };
    const age = (Date.now() - madeAt) / 1000;
    const what = rotationStep(map.self, { now: keys.wireguardKey, next: publicNext }, age, jitter, waiting);
    if (what === 'make') {
      next = await makeNextKey();
      log('a new WireGuard key is announced');
      toldAt = Number.NEGATIVE_INFINITY;
    } else if (what === 'announce' && seconds() - toldAt > TELL_AGAIN_SECONDS) {
      if (channel.announceKeys({ wireguardKey: keys.wireguardKey, nextWireguardKey: publicNext }))
        toldAt = seconds();
    } else if (what === 'move' && next !== undefined) {
      await node.changeKey(next);
      next = undefined;
      madeAt = Date.now();
      log('the new WireGuard key is in use');
      channel.announceKeys({ wireguardKey: keys.wireguardKey, nextWireguardKey: null });
      toldAt = seconds();
    }
  };
  return {
    tick: async (map, channel) => {
      if (busy) return;
      busy = true;
      try {
        await step(map, channel);
      } finally {
        busy = false;
      }
    },
  };
}
