import type { AlertWay } from '../../model/alerts.ts';
import { inWords } from '../checks/words.ts';
import type { Alert } from './alert.ts';
import type { Told } from './mon.ts';

/** What a webhook gets. */
export function webhookBody({ event, up, group, service, hosts, summary, detail, time }: Alert, node: string): string {
  const state = up ? 'up' : 'down';
  const text = `${up ? 'UP' : 'ALERT'} ${group}: ${summary}`;
  // `text` is what chat services show of an object that they do not know.
  return JSON.stringify({
    text,
    cluster: group,
    event,
    state,
    service,
    hosts,
    summary,
    detail,
    time: new Date(time).toISOString(),
    node,
  });
}

/** One POST; 2xx is an answer, and a 4xx but for 408 and 429 would be the same again. */
export async function tellWebhook(
  { url }: Extract<AlertWay, { kind: 'webhook' }>,
  alert: Alert,
  node: string,
  timeout: number,
  stopping: AbortSignal,
): Promise<Told> {
  const abort = new AbortController();
  const end = (): void => abort.abort();
  const timer = setTimeout(end, timeout);
  stopping.addEventListener('abort', end);
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'musterd' },
      body: webhookBody(alert, node),
      redirect: 'error',
      signal: abort.signal,
    });
    await answer.body?.cancel();
    if (answer.ok) return { ok: true, why: '' };
    const final = answer.status >= 400 && answer.status < 500 && answer.status !== 408 && answer.status !== 429;
    return { ok: false, why: `it answers ${answer.status}`, final };
  } catch (error) {
    if (abort.signal.aborted) return { ok: false, why: 'it did not answer in time' };
    return { ok: false, why: inWords((error as Error).cause ?? error) };
  } finally {
    clearTimeout(timer);
    stopping.removeEventListener('abort', end);
  }
}
