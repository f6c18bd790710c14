/**
 * Which sources of a service answer: the nearest that have a ready endpoint, port by port. A cluster of which nothing
 * is heard is used only where no other is ready, and then with the rest: nobody is left out when nothing better is known.
 */
import type { ServiceEndpoint, ServicePort } from '@skein/contract/agent/service.ts';
import { servesPort } from './merge.ts';
import type { ServiceView } from './view.ts';

/** For each port of the import, in its order, the names of the clusters that answer at it. */
export function chooseSources(view: ServiceView): string[][] {
  return view.service.ports.map((port) => chooseFor(view, port));
}

/** The clusters that answer for the service as a whole, as where nobody says which port is meant. */
export function chooseForAll(view: ServiceView): string[] {
  return nearest(view, view.service.sources);
}

function chooseFor(view: ServiceView, port: ServicePort): string[] {
  return nearest(
    view,
    view.service.sources.filter((source) => servesPort(source, port)),
  );
}

function nearest(view: ServiceView, sources: ServiceView['service']['sources']): string[] {
  const ready = sources.filter(({ cluster }) => readyOf(view, cluster).length > 0);
  const heard = ready.filter(({ gone }) => !gone);
  const candidates = heard.length > 0 ? heard : ready;
  const distance = Math.min(...candidates.map((source) => source.distance));
  return candidates.filter((source) => source.distance === distance).map(({ cluster }) => cluster);
}

/** The ready endpoints of one source. */
export function readyOf(view: ServiceView, cluster: string): ServiceEndpoint[] {
  return (view.endpoints.get(cluster) ?? []).filter(({ ready }) => ready);
}
