import type { TopologyView } from '@skein/contract/rest/peer.ts';
import { CHANNEL } from '@skein/database/notify.ts';
import type { Context } from '../context.ts';
import { changesOf } from '../follow/changes.ts';
import { viewTopology } from './topology.ts';

/** Peers report on the one; names, roles and removals come by the other. */
const CHANNELS = [CHANNEL.presence, CHANNEL.revision];
/** A large network reports all the time, and each look reads all of its peers. */
const AT_MOST_EVERY_MILLISECONDS = 500;

/** The topology as it is, then each time it has changed, until `signal` fires. */
export async function* followNetwork(
  context: Context,
  input: { id: string; signal: AbortSignal },
): AsyncIterable<TopologyView> {
  let shown = '';
  const concerns = (payload: string) => payload.includes(input.id);
  for await (const _ of changesOf(
    context.database,
    CHANNELS,
    concerns,
    input.signal,
    AT_MOST_EVERY_MILLISECONDS,
  )) {
    const view = await viewTopology(context, { id: input.id });
    const text = JSON.stringify(view);
    if (text !== shown) yield view;
    shown = text;
  }
}
