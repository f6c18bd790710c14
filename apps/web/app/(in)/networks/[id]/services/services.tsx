'use client';
import type { Network } from '@skein/contract/rest/network.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { Service } from '@skein/contract/rest/service.ts';
import { Boxes, Plus, TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import type { z } from 'zod';
import { callQuietly } from '../../../../../fetch/call.ts';
import { useLoaded } from '../../../../../fetch/use-loaded.ts';
import { Button } from '../../../../../ui/button.tsx';
import { Confirm } from '../../../../../ui/confirm.tsx';
import { Notice } from '../../../../../ui/notice.tsx';
import { Empty, Mono } from '../../../../../ui/page.tsx';
import { Table } from '../../../../../ui/table.tsx';
import { AddService } from './add-service.tsx';

const List = pageOf(Service);
type Source = Service['sources'][number];

export function Services({ network, initial }: { network: Network; initial: z.infer<typeof List> }) {
  const { data, failure, refresh } = useLoaded(`/networks/${network.id}/services`, List, initial, 3);
  const [adding, setAdding] = useState(false);
  const add = (
    <Button onClick={() => setAdding(true)} disabled={network.state === 'deleting'}>
      <Plus size={15} aria-hidden /> Export a service
    </Button>
  );
  return (
    <>
      {failure && <Notice tone="bad">{failure}</Notice>}
      {data.items.length === 0 ? (
        <Empty
          icon={<Boxes size={30} strokeWidth={1.6} aria-hidden />}
          title="No service is exported"
          action={add}
        >
          A Kubernetes cluster exports a Service by a <Mono>ServiceExport</Mono> of the same name. Services of
          plain hosts are exported here. Both answer everywhere in the network as{' '}
          <Mono>NAME.NAMESPACE.svc.clusterset.local</Mono>.
        </Empty>
      ) : (
        <>
          <div className="mb-6 flex flex-wrap items-center justify-between gap-x-6 gap-y-3">
            <p className="max-w-[62ch] text-quiet">
              Each cluster is answered from the nearest that is ready: its own, then its region, then any.
            </p>
            {add}
          </div>
          <ul className="space-y-5">
            {data.items.map((service) => (
              <ServiceCard key={service.host} service={service} onChange={refresh} />
            ))}
          </ul>
        </>
      )}
      <AddService networkId={network.id} open={adding} onClose={() => setAdding(false)} onAdded={refresh} />
    </>
  );
}

function ServiceCard({ service, onChange }: { service: Service; onChange: () => Promise<void> }) {
  const unanswered = service.answers.filter(({ from }) => from.length === 0);
  const own = service.sources.find(({ serviceId }) => serviceId !== null)?.serviceId;
  return (
    <li className="rounded-lg border border-line bg-raised p-4 sm:p-5">
      <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
        <div>
          <h2 className="font-semibold">
            {service.name} <span className="font-normal text-faint">in {service.namespace}</span>
          </h2>
          <p className="mt-0.5 text-sm break-all">
            <Mono>{service.host}</Mono>
          </p>
          <p className="mt-1 text-sm text-quiet">
            {service.type === 'Headless'
              ? 'Headless, each endpoint by its own address'
              : 'One address in each cluster'}
            {service.ports.length > 0 && `, ${service.ports.map(portWords).join(', ')}`}
          </p>
        </div>
        {own && (
          <Confirm
            trigger="Remove"
            label={`Remove the service ${service.name} in ${service.namespace}`}
            title={`Export ${service.name} no more?`}
            action="Remove the service"
            onConfirm={async () => {
              await callQuietly('DELETE', `/services/${own}`);
              await onChange();
            }}
          >
            Its plain hosts are found by this name no more. What Kubernetes clusters export under it stays.
          </Confirm>
        )}
      </div>
      <div className="mt-3 space-y-3 empty:hidden">
        {service.conflict && (
          <Notice tone="warn">
            <span className="font-medium">Its exports do not agree</span> (
            {service.conflict.reasons.join(', ')}). {service.conflict.message}
          </Notice>
        )}
        {unanswered.length > 0 && (
          <Notice tone="bad">
            Nothing answers {unanswered.map(({ cluster }) => cluster).join(', ')}: no endpoint is ready.
          </Notice>
        )}
      </div>
      <div className="mt-4 space-y-4">
        <Table
          caption={`Where ${service.name} is`}
          rows={service.sources}
          keyOf={(source) => source.clusterId}
          columns={[
            { title: 'Exported by', heads: true, cell: (source) => source.cluster },
            { title: 'As', cell: (source) => (source.kind === 'kubernetes' ? 'Kubernetes' : 'plain hosts') },
            { title: 'Ready', cell: (source) => <Ready source={source} /> },
            { title: 'Endpoints', cell: (source) => <Endpoints source={source} /> },
          ]}
        />
        <Table
          caption={`From where ${service.name} answers`}
          rows={service.answers}
          keyOf={(answer) => answer.clusterId}
          columns={[
            { title: 'Asked in', heads: true, cell: (answer) => answer.cluster },
            {
              title: 'Answered from',
              cell: (answer) =>
                answer.from.length > 0 ? answer.from.join(', ') : <span className="text-bad">nowhere</span>,
            },
          ]}
        />
      </div>
    </li>
  );
}

function Ready({ source }: { source: Source }) {
  const words = `${source.ready} of ${source.total}`;
  if (!source.gone) return words;
  return (
    <span className="inline-flex items-center gap-1.5 text-warn">
      <TriangleAlert size={15} strokeWidth={2.2} aria-hidden />
      {words}, not heard of
    </span>
  );
}

function Endpoints({ source }: { source: Source }) {
  const more = source.total - source.endpoints.length;
  return (
    <ul>
      {source.endpoints.map((endpoint) => (
        <li key={endpoint.address}>
          <Mono>{endpoint.address}</Mono>{' '}
          {endpoint.name && <span className="text-quiet">{endpoint.name}</span>}
          {!endpoint.ready && (
            <span className="text-warn">
              {' '}
              {endpoint.problem === null ? 'not ready' : `not ready: ${endpoint.problem}`}
            </span>
          )}
        </li>
      ))}
      {more > 0 && <li className="text-faint">and {more} more</li>}
    </ul>
  );
}

function portWords({ name, protocol, port }: Service['ports'][number]): string {
  const words = protocol === 'TCP' ? `${port}` : `${port}/${protocol}`;
  return name === '' ? `port ${words}` : `${name} ${words}`;
}
