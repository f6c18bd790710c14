/** The agent's part of a path test between two peers: its own tunnels measured, packets followed, a port tried. */
import { connect } from 'node:net';
import type { MapPeer, NetworkMap } from '@skein/contract/agent/map.ts';
import type { PathAnswer, PathQuestion } from '@skein/contract/agent/path.ts';
import { contains } from '@skein/mesh/ipam/cidr.ts';
import { wordsOf } from '../failure.ts';
import type { Run } from '../host/command.ts';
import { carriersOf } from './carriers.ts';
import type { PeerMeasure } from './facts.ts';
import { traceTo } from './trace.ts';

const PORT_SECONDS = 3;

/** Never throws. @param measure probes the tunnels to these peers */
export async function answerPath(
  run: Run,
  map: NetworkMap,
  question: PathQuestion,
  measure: (peers: readonly MapPeer[]) => Promise<PeerMeasure[]>,
): Promise<PathAnswer> {
  // An agent is asked about peers of its network, and about nothing else that its node may reach.
  if (!contains(map.self.overlayCidr, question.address)) return { hops: null, tunnels: [], port: null };
  const [tunnels, trace, port] = await Promise.all([
    measure(carriersOf(map.peers, question.address)),
    question.trace ? traceTo(run, map, question.address, question.address) : null,
    question.port === null ? null : tryPort(question.address, question.port),
  ]);
  return {
    hops:
      trace?.hops?.map(({ address, sent, answered, rttMilliseconds }) => ({
        address,
        sent,
        answered,
        rttMilliseconds,
      })) ?? null,
    tunnels: tunnels.map((one) => ({
      peerId: one.peerId,
      endpoint: one.endpoint,
      endpointKind: one.endpointKind,
      handshakeAgeSeconds: one.handshakeAgeSeconds,
      probes: one.probes,
      answered: one.answered,
      rttMilliseconds: one.rttMilliseconds,
      mtu: one.mtu,
    })),
    port,
  };
}

function tryPort(address: string, port: number): Promise<{ open: boolean; words: string }> {
  return new Promise((resolve) => {
    const finish = (open: boolean, words: string) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ open, words });
    };
    const socket = connect(port, address, () => finish(true, 'it opened'));
    const timer = setTimeout(() => finish(false, `no answer in ${PORT_SECONDS} s`), PORT_SECONDS * 1000);
    socket.on('error', (error) =>
      finish(
        false,
        (error as NodeJS.ErrnoException).code === 'ECONNREFUSED'
          ? 'it was refused'
          : wordsOf(error).slice(0, 300),
      ),
    );
  });
}
