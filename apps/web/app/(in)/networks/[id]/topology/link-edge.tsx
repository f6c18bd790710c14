'use client';
import { BaseEdge, type Edge, EdgeLabelRenderer, type EdgeProps, getBezierPath } from '@xyflow/react';
import { StatusIcon } from '../../../../../ui/status.tsx';
import { rttOf } from '../../../../../ui/words.ts';
import type { Pair } from './pairs.ts';

type LinkEdgeType = Edge<{ pair: Pair; between: boolean; faded: boolean }, 'link'>;

const LOOKS = {
  up: { stroke: 'var(--good)' },
  idle: { stroke: 'var(--line-strong)', strokeDasharray: '3 5' },
  down: { stroke: 'var(--bad)', strokeDasharray: '7 5' },
};

export function LinkEdge({ data, ...ends }: EdgeProps<LinkEdgeType>) {
  const sameSide = ends.sourcePosition === ends.targetPosition;
  const [path, labelX, labelY] = getBezierPath({ ...ends, curvature: sameSide ? 0.42 : 0.3 });
  if (!data) return null;
  const { pair, between, faded } = data;
  return (
    <>
      <BaseEdge
        id={ends.id}
        path={path}
        style={{
          ...LOOKS[pair.state],
          strokeWidth: between ? 2 : 1.3,
          opacity: faded ? 0.2 : between ? 1 : 0.7,
        }}
      />
      {between && (
        <EdgeLabelRenderer>
          <div
            data-link={pair.state}
            style={{
              transform: `translate(-50%, -50%) translate(${labelX}px, ${labelY}px)`,
              opacity: faded ? 0.3 : 1,
            }}
            className="absolute flex items-center gap-1.5 rounded-full border border-line bg-raised py-0.5 pr-2.5 pl-1 text-xs font-medium tabular-nums"
          >
            <StatusIcon state={pair.state} size={14} />
            {pair.state === 'up' ? rttOf(pair.rttMilliseconds) : pair.state}
          </div>
        </EdgeLabelRenderer>
      )}
    </>
  );
}
