import { useElementSize } from '@mantine/hooks';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import type { Cluster, ClusterMap as Points } from '../../../../contracts/clusters.ts';
import { formatCount } from '../format/numbers.ts';
import { type Frame, frameOf, hueOf, labelledCentres, placeIn } from './map-frame.ts';
import classes from './cluster-map.module.css';

interface ClusterMapProps {
  points: Points['points'];
  clusters: readonly Cluster[];
  /** Stands out; the others fade. */
  selected?: string;
}

/** Where clusters and the sample lie: points on a canvas, centres above them as links. */
export function ClusterMap({ points, clusters, selected }: ClusterMapProps) {
  const { ref, width } = useElementSize();
  const [pointed, setPointed] = useState<string | null>(null);
  const height = Math.round(Math.min(460, Math.max(280, width * 0.46)));
  const frame = frameOf([...points, ...clusters], { width, height });
  const lit = pointed ?? selected ?? null;
  return (
    <div ref={ref} className={classes.map} style={{ height }}>
      {width > 0 && <Dots points={points} clusters={clusters} frame={frame} lit={lit} />}
      {width > 0 && <Centres clusters={clusters} frame={frame} lit={lit} onPoint={setPointed} />}
    </div>
  );
}

function Dots({
  points,
  clusters,
  frame,
  lit,
}: {
  points: Points['points'];
  clusters: readonly Cluster[];
  frame: Frame;
  lit: string | null;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!canvas.current || !context) return;
    const sharp = window.devicePixelRatio || 1;
    canvas.current.width = frame.width * sharp;
    canvas.current.height = frame.height * sharp;
    context.scale(sharp, sharp);
    const hues = new Map(clusters.map(({ id }, i) => [id, hueOf(i)]));
    for (const point of points) {
      const { x, y } = placeIn(frame, point);
      const hue = hues.get(point.clusterId);
      const faint = point.outlier || hue === undefined;
      context.globalAlpha = lit !== null && point.clusterId !== lit ? 0.1 : faint ? 0.3 : 0.6;
      context.fillStyle = faint ? 'hsl(30 5% 55%)' : `hsl(${hue} 45% 52%)`;
      context.beginPath();
      context.arc(x, y, 2.1, 0, 2 * Math.PI);
      context.fill();
    }
  }, [points, clusters, frame, lit]);
  return <canvas ref={canvas} className={classes.dots} style={{ width: frame.width, height: frame.height }} aria-hidden />;
}

interface CentresProps {
  clusters: readonly Cluster[];
  frame: Frame;
  lit: string | null;
  onPoint: (id: string | null) => void;
}

function Centres({ clusters, frame, lit, onPoint }: CentresProps) {
  const navigate = useNavigate();
  const labelled = labelledCentres(clusters, frame);
  // A narrow map has less room for each.
  const small = Math.min(1, Math.max(0.5, frame.width / 900));
  const largest = Math.max(1, ...clusters.map(({ size }) => size));
  return (
    <svg className={classes.centres} viewBox={`0 0 ${frame.width} ${frame.height}`} role="list" aria-label="Map of clusters">
      {clusters.map((cluster, i) => {
        const { x, y } = placeIn(frame, cluster);
        const radius = small * (4 + 10 * Math.sqrt(cluster.size / largest));
        const right = x > frame.width * 0.72;
        const open = () => void navigate({ to: '/clusters/$id', params: { id: cluster.id } });
        return (
          <g
            key={cluster.id}
            role="listitem"
            className={classes.centre}
            data-faded={(lit !== null && lit !== cluster.id) || undefined}
            onClick={open}
            onPointerEnter={() => onPoint(cluster.id)}
            onPointerLeave={() => onPoint(null)}
          >
            <title>{`${cluster.name}: ${formatCount(cluster.size)} traces`}</title>
            <circle cx={x} cy={y} r={radius} fill={`hsl(${hueOf(i)} 45% 52%)`} />
            {(lit === null ? labelled.has(cluster.id) : lit === cluster.id) && (
              <text x={right ? x - radius - 5 : x + radius + 5} y={y + 4} textAnchor={right ? 'end' : 'start'}>
                {cluster.name.length > 34 ? `${cluster.name.slice(0, 33)}…` : cluster.name}
              </text>
            )}
          </g>
        );
      })}
    </svg>
  );
}
