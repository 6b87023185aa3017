/** The timeline picture of one step as SVG text. Pure. */
import type { NodeName } from '../model/names.ts';
import { stretchesOf } from './holders.ts';
import type { StepResult } from './judge.ts';
import type { Observations } from './observation.ts';
import type { ReportFacts } from './report-facts.ts';

interface Bar {
  readonly fromMs: number;
  readonly toMs: number;
  readonly style: string;
  readonly title: string;
}

interface Lane {
  readonly label: string;
  readonly bars: readonly Bar[];
}

const width = 1000;
const labelWidth = 130;
const laneHeight = 22;
const barHeight = 14;
const axisHeight = 26;
/** Room for the last mark's text. */
const rightMargin = 24;

export const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Joins neighbouring samples of one style, so that a minute of probes stays a few rectangles. */
function bars(samples: readonly { atMs: number; style: string; title: string }[], intervalMs: number): readonly Bar[] {
  const joined: Bar[] = [];
  for (const { atMs, style, title } of samples) {
    const last = joined[joined.length - 1];
    const toMs = atMs + intervalMs;
    // A pause of the probe itself (more than four intervals) shows as a gap.
    if (last !== undefined && last.style === style && atMs - last.toMs <= 3 * intervalMs) {
      joined[joined.length - 1] = { ...last, toMs };
    } else {
      if (last !== undefined && atMs < last.toMs) joined[joined.length - 1] = { ...last, toMs: atMs };
      joined.push({ fromMs: atMs, toMs, style, title });
    }
  }
  return joined;
}

const styleOf = (facts: ReportFacts, node: NodeName | null): string => {
  const index = node === null ? -1 : facts.nodes.indexOf(node);
  return index < 0 ? 'other' : `n${index % 6}`;
};

const words = {
  echo: { now: 'accepts', past: 'accepted frames' },
  arp: { now: 'answers ARP', past: 'answered ARP' },
  echo6: { now: 'accepts IPv6', past: 'accepted IPv6 frames' },
  nd: { now: 'answers ND', past: 'answered neighbour solicitations' },
} as const;

function lanesOf(seen: Observations, facts: ReportFacts): readonly Lane[] {
  const datagrams = seen.datagrams.map((probe) => ({
    atMs: probe.sentMs,
    style: probe.answeredMs === null ? 'lost' : styleOf(facts, probe.by),
    title: probe.answeredMs === null ? 'no answer' : `answered by ${probe.by ?? 'somebody'}`,
  }));
  const requests = seen.requests.map((request) => ({
    atMs: request.startMs,
    style: request.ok ? 'served' : 'lost',
    title: request.ok ? 'served' : `failed: ${request.result}`,
  }));
  const held = stretchesOf(seen.witness);
  // A group without an IPv6 address has no rows for one.
  const whats = (['echo', 'arp', 'echo6', 'nd'] as const).filter(
    (what) => what === 'echo' || what === 'arp' || held.some((stretch) => stretch.what === what),
  );
  const witness = facts.nodes.flatMap((node) =>
    whats.map((what) => ({
      label: `${node} ${words[what].now}`,
      bars: held
        .filter((stretch) => stretch.what === what && facts.nodeOfMac[stretch.mac] === node)
        .map(({ possible }) => ({
          ...possible,
          toMs: Math.max(possible.toMs, possible.fromMs + 1),
          style: styleOf(facts, node),
          title: `${node} ${words[what].past}`,
        })),
    })),
  );
  return [{ label: 'datagrams', bars: bars(datagrams, 5) }, { label: 'requests', bars: bars(requests, 5) }, ...witness];
}

/** A step of the axis that gives 5 to 12 marks: 1, 2 or 5 times a power of ten. */
function axisStep(spanMs: number): number {
  const rough = spanMs / 8;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough)!;
}

/** Draws the part of the step between the two times; zero on its axis is the injection. */
export function timeline(
  step: StepResult,
  seen: Observations,
  facts: ReportFacts,
  window: { fromMs: number; toMs: number },
): string {
  const span = window.toMs - window.fromMs;
  const x = (atMs: number): number => labelWidth + ((atMs - window.fromMs) / span) * (width - labelWidth - rightMargin);
  const shown = (value: number): string => value.toFixed(1);
  const lanes = lanesOf(seen, facts);
  const height = lanes.length * laneHeight + axisHeight;
  const parts: string[] = [];
  for (const [index, lane] of lanes.entries()) {
    const top = index * laneHeight + 4;
    parts.push(`<text class="label" x="0" y="${top + 11}">${escapeHtml(lane.label)}</text>`);
    parts.push(
      `<rect class="track" x="${labelWidth}" y="${top}" width="${width - labelWidth - rightMargin}" height="${barHeight}"/>`,
    );
    for (const bar of lane.bars) {
      if (bar.toMs < window.fromMs || bar.fromMs > window.toMs) continue;
      const left = x(Math.max(bar.fromMs, window.fromMs));
      const right = x(Math.min(bar.toMs, window.toMs));
      const from = (bar.fromMs - step.injectedMs).toFixed(0);
      const to = (bar.toMs - step.injectedMs).toFixed(0);
      parts.push(
        `<rect class="${bar.style}" x="${shown(left)}" y="${top}" width="${shown(Math.max(0.7, right - left))}" height="${barHeight}">` +
          `<title>${escapeHtml(bar.title)}, ${from} to ${to} ms</title></rect>`,
      );
    }
  }
  const bottom = lanes.length * laneHeight;
  const stepMs = axisStep(span);
  const first = Math.ceil((window.fromMs - step.injectedMs) / stepMs) * stepMs;
  for (let mark = first; mark <= window.toMs - step.injectedMs; mark += stepMs) {
    const at = shown(x(step.injectedMs + mark));
    const text = span > 3000 ? `${mark / 1000} s` : `${mark} ms`;
    parts.push(`<line class="grid" x1="${at}" y1="0" x2="${at}" y2="${bottom}"/>`);
    parts.push(`<text class="axis" x="${at}" y="${bottom + 16}">${text}</text>`);
  }
  for (const [atMs, title] of [
    [step.injectedMs, `${step.scenario} of ${step.node}`],
    [step.healedMs, 'undone'],
  ] as const) {
    if (atMs < window.fromMs || atMs > window.toMs) continue;
    const at = shown(x(atMs));
    parts.push(
      `<line class="fault" x1="${at}" y1="0" x2="${at}" y2="${bottom}"><title>${escapeHtml(title)}</title></line>`,
    );
  }
  const label = `Timeline of the ${step.scenario} of ${step.node}`;
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(label)}">${parts.join('')}</svg>`;
}
