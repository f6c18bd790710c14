'use client';
import { Network } from '@skein/contract/rest/network.ts';
import { TriangleAlert } from 'lucide-react';
import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { useEffect, useRef } from 'react';
import { useLoaded } from '../../../../fetch/use-loaded.ts';
import { Mono, Within } from '../../../../ui/page.tsx';
import { Status } from '../../../../ui/status.tsx';
import { plural } from '../../../../ui/words.ts';

const VIEWS = [
  ['', 'Overview'],
  ['/topology', 'Topology'],
  ['/peers', 'Peers'],
  ['/clusters', 'Clusters'],
  ['/policy', 'Policy'],
  ['/services', 'Services'],
  ['/dns', 'DNS'],
  ['/resources', 'Resources'],
  ['/drift', 'Drift'],
  ['/operations', 'Operations'],
] as const;

export function NetworkHead({ initial }: { initial: Network }) {
  const { data: network } = useLoaded(`/networks/${initial.id}`, Network, initial, 5);
  const path = usePathname();
  const base = `/networks/${network.id}`;
  const views = useRef<HTMLElement>(null);
  // Where the screen is narrow the view that is shown may lie beyond its edge.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another path is another view
  useEffect(() => {
    const here = views.current?.querySelector('[aria-current]')?.getBoundingClientRect();
    if (here && views.current && here.right > views.current.clientWidth)
      views.current.scrollLeft += here.left - 64;
  }, [path]);
  return (
    <header className="mb-7">
      <Within href="/" title="Networks" />
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <h1 className="text-2xl font-semibold tracking-tight">{network.name}</h1>
        <Status state={network.state} />
        {network.drift > 0 && (
          <Link
            href={`${base}/drift`}
            className="inline-flex items-center gap-1.5 rounded-full bg-warn-soft py-0.5 pr-2.5 pl-1.5 text-sm font-medium text-warn hover:underline"
          >
            <TriangleAlert size={15} strokeWidth={2.2} aria-hidden />
            {plural(network.drift, 'difference')} in the clouds
          </Link>
        )}
        <span className="text-sm text-faint">
          <Mono>{network.zone}</Mono>
        </span>
      </div>
      <nav
        ref={views}
        aria-label={`Views of ${network.name}`}
        className="-mx-4 mt-5 overflow-x-auto border-b border-line px-4 sm:mx-0 sm:px-0"
      >
        <ul className="flex gap-5">
          {VIEWS.map(([where, title]) => {
            const here = path === base + where;
            return (
              <li key={where}>
                <Link
                  href={base + where}
                  aria-current={here ? 'page' : undefined}
                  className={`-mb-px block border-b-2 pb-2.5 whitespace-nowrap -outline-offset-2 ${
                    here
                      ? 'border-accent font-medium text-ink'
                      : 'border-transparent text-quiet hover:border-line-strong hover:text-ink'
                  }`}
                >
                  {title}
                </Link>
              </li>
            );
          })}
        </ul>
      </nav>
    </header>
  );
}
