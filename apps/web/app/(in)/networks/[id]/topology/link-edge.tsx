'use client';
import {
  BaseEdge,
  type Edge,
  EdgeLabelRenderer,
  type EdgeProps,
  getBezierPath,
  Position,
} from '@xyflow/react';
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
  if (!data) return null;
  const [path, labelX, labelY] = pathOf(ends);
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

/** Links between two clusters of one column leave it towards the middle and come back. */
function pathOf(ends: Omit<EdgeProps<LinkEdgeType>, 'data'>): [path: string, labelX: number, labelY: number] {
  const { sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition } = ends;
  if (sourcePosition !== targetPosition) {
    const [path, x, y] = getBezierPath({ ...ends, curvature: 0.3 });
    return [path, x, y];
  }
  const reach = Math.min(130, 50 + Math.abs(targetY - sourceY) * 0.28);
  const bend = sourceX + (sourcePosition === Position.Right ? reach : -reach);
  // The curve comes three quarters of the way to its control points (Bézier at one half).
  const labelX = 0.25 * ((sourceX + targetX) / 2) + 0.75 * bend;
  const path = `M${sourceX},${sourceY} C${bend},${sourceY} ${bend},${targetY} ${targetX},${targetY}`;
  return [path, labelX, (sourceY + targetY) / 2];
}
