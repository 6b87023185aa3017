import { Problem, showMistake } from '../base/problem.ts';
import type { Host, Value } from '../model/inventory.ts';
import { type BindContext, holds, prepare, scopeOf, type Unit, unitsOf } from './bind.ts';
import type { ExchangeAnswer } from './exchange.ts';
import { FactStore } from './fact-store.ts';
import type { FactRequest } from './facts/fact.ts';
import { factsAhead, type TaskAhead } from './facts-ahead.ts';
import { anyTouches, type Change, explainOutput, mergeSteps, resultOf, uniqueFacts } from './held-changes.ts';
import type { HostLink } from './host-link.ts';
import { LateValue, late } from './late.ts';
import type { StepOutput } from './module.ts';
import type { Play, Task } from './playbook.ts';
import type { HostCounts, OnEvent, TaskOutcome } from './run-event.ts';
import { TaskRecord } from './task-record.ts';
import { type ArmedUndo, armUndo } from './undo.ts';
import { setRegistered } from './variables.ts';

export interface HostRunOptions {
  readonly context: BindContext;
  readonly host: Host;
  readonly link: HostLink;
  readonly onEvent: OnEvent;
  readonly check: boolean;
  readonly stopping: () => boolean;
  readonly selected: (play: Play, task: Task) => boolean;
}

/** A change that is decided and not yet done. */
interface Pending {
  readonly unit: Unit;
  readonly record: TaskRecord;
  readonly decision: Change;
}

/** Ends the tasks of a host; the outcome is told already. */
class HostEnded extends Error {}

/**
 * All tasks of a run on one host, in their order, in as few round trips as their meaning allows. Facts of the tasks
 * ahead are asked for in one batch. Changes are held back until a fact that they touch is needed, and then go out
 * together with the questions of the tasks after them. A run that changes nothing is one round trip.
 */
export class HostRun {
  readonly host: Host;
  /** False after a failure: later plays leave this host out. */
  alive = true;
  readonly #options: HostRunOptions;
  readonly #facts = new FactStore();
  readonly #counts = { ok: 0, changed: 0, unreachable: 0, failed: 0, skipped: 0, ignored: 0 };
  #pending: Pending[] = [];
  #notified = new Set<string>();
  /** In a dry run: what would have been changed so far. */
  readonly #wouldChange: { readonly change: Change; readonly task: Task }[] = [];
  /** Tasks of this play that are still ahead: their facts come along with every exchange. */
  #ahead: readonly TaskAhead[] = [];

  constructor(options: HostRunOptions) {
    this.#options = options;
    this.host = options.host;
  }

  get counts(): HostCounts {
    return this.#counts;
  }

  /** Runs one play. `later` are plays to come: their facts are asked for already where that may be. Never rejects but for defects. */
  async play(play: Play, later: readonly Play[]): Promise<void> {
    this.#facts.dropVolatile();
    this.#notified = new Set();
    const future = later.flatMap((next) => next.tasks.map((task) => ({ play: next, task })));
    try {
      await this.#run(play, play.tasks, false, future);
      const handlers = play.handlers.filter((handler) => this.#notified.has(handler.name));
      await this.#run(play, handlers, true, future);
    } catch (error) {
      this.#pending = [];
      if (error instanceof HostEnded) return;
      if (!(error instanceof Problem)) throw error;
      this.alive = false;
      this.unreachable(error);
    }
  }

  unreachable(problem: Problem): void {
    this.alive = false;
    this.#counts.unreachable++;
    const { message, hint } = problem;
    this.#options.onEvent({ event: 'host-unreachable', host: this.host.name, message, hint });
  }

  async #run(play: Play, tasks: readonly Task[], handlers: boolean, future: readonly TaskAhead[]): Promise<void> {
    const selected = tasks.filter((task) => this.#options.selected(play, task));
    for (const [index, task] of selected.entries()) {
      if (this.#options.stopping()) throw new HostEnded();
      this.#ahead = [...selected.slice(index).map((next) => ({ play, task: next })), ...future];
      await this.#task(play, task, handlers);
    }
    this.#ahead = future;
    await this.#flush([]);
  }

  async #task(play: Play, task: Task, handler: boolean): Promise<void> {
    const record = new TaskRecord(play, task, handler, (outcome, item) => this.#finished(record, outcome, item));
    try {
      let units = unitsOf(this.#options.context, play, task, this.host);
      if (units === undefined) {
        await this.#flush([]);
        units = unitsOf(this.#options.context, play, task, this.host);
      }
      if (units === undefined)
        return record.finish({ status: 'unknown', message: 'its list is known only later' }, undefined, null);
      record.expect(units.length);
      if (units.length === 0)
        return record.finish({ status: 'skipped', message: 'its list is empty' }, undefined, null);
      for (const unit of units) await this.#unit(unit, record);
    } catch (error) {
      if (!(error instanceof Problem) || error.reason !== 'badInput') throw error;
      // Found only now, as it took a host's answer to find it.
      await this.#fail(record, undefined, error.mistakes.map(showMistake).join('\n') || error.message, error.hint);
    }
    this.#register(record);
  }

  async #unit(unit: Unit, record: TaskRecord): Promise<void> {
    const { context } = this.#options;
    if ((await this.#decided(() => holds(unit.task.when, unit.task, 'when', scopeOf(context, unit)))) === false) {
      return record.finish({ status: 'skipped' }, unit.item, null);
    }
    for (let tries = 0; ; tries++) {
      const last = tries >= unit.task.retries;
      if (await this.#attempt(unit, record, last)) return;
      await new Promise((resolve) => setTimeout(resolve, unit.task.delay * 1000));
      if (this.#options.stopping()) throw new HostEnded();
    }
  }

  /** The value, after the changes before it are done where it depends on them; undefined where it stays unknown. */
  async #decided<T>(compute: () => T): Promise<T | undefined> {
    for (let again = false; ; again = true) {
      try {
        return compute();
      } catch (error) {
        if (!(error instanceof LateValue)) throw error;
        if (again) return undefined;
        await this.#flush([]);
      }
    }
  }

  /** True where the unit is through with it; false where `until` asks for another try. */
  async #attempt(unit: Unit, record: TaskRecord, last: boolean): Promise<boolean> {
    const { context, check } = this.#options;
    let prepared = await prepare(context, unit);
    if (prepared.late) {
      await this.#flush([]);
      prepared = await prepare(context, unit);
    }
    if (prepared.late) {
      record.finish({ status: 'unknown', message: 'it depends on what an earlier task would find' }, unit.item, null);
      return true;
    }
    await this.#know(prepared.facts);
    const decision = unit.task.module.decide(prepared.ready as never, this.#facts);
    if (decision.outcome === 'changed') {
      if (check) {
        this.#notify(unit.task);
        this.#wouldChange.push({ change: decision, task: unit.task });
        const status = unit.task.changedWhen.length > 0 ? 'unknown' : 'changed';
        record.finish({ status, diff: decision.diff }, unit.item, null);
        return true;
      }
      return await this.#change({ unit, record, decision }, last);
    }
    if (decision.outcome === 'skipped') {
      record.finish({ status: 'skipped', message: decision.message }, unit.item, null);
      return true;
    }
    const cause = this.#wouldChange.find(({ change }) =>
      prepared.facts.some((request) => anyTouches([change], request)),
    );
    if (cause !== undefined && (decision.outcome === 'failed' || unit.task.register !== undefined)) {
      // A dry run cannot know: what is missing now may be what that task would have made.
      record.finish({ status: 'unknown', message: `known after "${cause.task.name}"` }, unit.item, null);
      return true;
    }
    const result = resultOf(decision.result, { changed: false, failed: decision.outcome === 'failed' });
    const failure = decision.outcome === 'failed' ? decision : undefined;
    if (unit.task.until !== undefined && !check) {
      const good = failure === undefined && this.#holdsWith([unit.task.until], unit, 'until', result);
      if (!good && !last) {
        await this.#flush([]);
        this.#facts.drop(prepared.facts);
        return false;
      }
      if (!good) {
        const said = (result as { readonly problem?: Value }).problem;
        const seen = typeof said === 'string' && said !== '' ? `: ${said}` : '';
        const message = `Cannot go on as "${unit.task.until.text}" must come true: it did not in ${unit.task.retries + 1} tries${seen}`;
        await this.#fail(
          record,
          unit,
          failure === undefined ? message : `${failure.message} (${message})`,
          failure?.hint,
        );
        return true;
      }
    }
    if (this.#broken(unit, result, failure !== undefined)) {
      await this.#fail(record, unit, failure?.message ?? `failed_when is true`, failure?.hint, result);
      return true;
    }
    const message = decision.outcome === 'ok' ? decision.message : undefined;
    record.finish({ status: 'ok', message }, unit.item, result);
    return true;
  }

  /** Takes a change on. Held back, unless something about the task needs its outcome now. */
  async #change(pending: Pending, last: boolean): Promise<boolean> {
    const { unit, decision, record } = pending;
    if (decision.undo !== undefined) {
      await this.#flush([]);
      await this.#armed(pending, armUndo(decision.undo));
      return true;
    }
    this.#pending.push(pending);
    const { task } = unit;
    if (task.register !== undefined) setRegistered(this.#options.context.sources, this.host.name, task.register, late);
    if (task.until === undefined) return true;
    const before = record.count;
    record.retrying = !last;
    await this.#flush([]);
    record.retrying = false;
    return record.count > before;
  }

  /** Makes sure that the facts are there: those that changes held back would touch are asked for after them. */
  async #know(requests: readonly FactRequest[]): Promise<void> {
    const touched = requests.some((request) => this.#pending.some(({ decision }) => anyTouches([decision], request)));
    const missing = requests.some((request) => !this.#facts.has(request));
    if (touched || missing) await this.#flush(requests);
    const rest = requests.filter((request) => !this.#facts.has(request));
    if (rest.length > 0) await this.#flush(rest);
  }

  /** One round trip: all changes held back, and the facts that are wanted now and ahead. */
  async #flush(wanted: readonly FactRequest[]): Promise<void> {
    const pending = this.#pending;
    if (pending.length === 0 && wanted.length === 0) return;
    this.#pending = [];
    const changes = pending.map(({ decision }) => decision);
    const requests = uniqueFacts([
      ...wanted,
      ...(await factsAhead(this.#options.context, this.host, this.#ahead)),
    ]).filter((request) => !this.#facts.has(request) || anyTouches(changes, request));
    const plan = mergeSteps(changes);
    const { onEvent } = this.#options;
    for (const { unit, record } of pending) {
      onEvent({ event: 'task-started', play: unit.play.name, task: record.task.name, host: this.host.name });
    }
    const become = pending[0]?.unit.play.become ?? this.#ahead[0]?.play.become ?? false;
    const answer = await this.#options.link.exchange(plan.steps, requests, become);
    await this.#applied(pending, plan.indices, answer);
    this.#facts.take(requests, answer.facts);
  }

  /** Tells what became of each change, forgets the facts that they touched, and takes the new ones. */
  async #applied(
    pending: readonly Pending[],
    indices: readonly (readonly number[])[],
    answer: ExchangeAnswer,
  ): Promise<void> {
    for (const [position, item] of pending.entries()) {
      const outputs = indices[position]!.map((index) => answer.outputs[index]).filter((output) => output !== undefined);
      if (outputs.length > 0) this.#facts.touchedBy(item.decision);
      const wrong = outputs.find((output) => output.rc !== 0);
      if (wrong !== undefined) {
        this.#changeFailed(item, wrong);
        // Its failure does not count: what was sent after it has not run, and goes out again.
        this.#pending = pending.slice(position + 1);
        return await this.#flush([]);
      }
      if (outputs.length < indices[position]!.length) break;
      this.#changed(item, outputs);
    }
    if (answer.stopped) throw new HostEnded();
  }

  #changed({ unit, record, decision }: Pending, outputs: readonly StepOutput[]): void {
    const { task } = unit;
    const raw = decision.result?.(outputs) ?? {};
    const first = resultOf(raw, { changed: true, failed: false });
    const through = task.until === undefined || this.#holdsWith([task.until], unit, 'until', first);
    if (!through && record.retrying) return;
    const changed = task.changedWhen.length === 0 || this.#holdsWith(task.changedWhen, unit, 'changed_when', first);
    const result = resultOf(raw, { changed, failed: false });
    if (changed) {
      this.#notify(task);
    }
    if (!through || this.#broken(unit, result, false)) {
      const why = through
        ? 'failed_when is true'
        : `"${task.until!.text}" did not come true in ${task.retries + 1} tries`;
      this.#endWith(record, unit, why, undefined, result);
      return;
    }
    record.finish({ status: changed ? 'changed' : 'ok', diff: changed ? decision.diff : [] }, unit.item, result);
    this.#register(record);
  }

  #changeFailed({ unit, record, decision }: Pending, output: StepOutput): void {
    if (record.retrying) return;
    const result = resultOf(decision.result?.([output]), { changed: true, failed: true });
    if (unit.task.failedWhen.length > 0 && !this.#broken(unit, result, true)) {
      record.finish({ status: 'changed', diff: decision.diff }, unit.item, result);
      this.#register(record);
      return;
    }
    const said = output.stderr.trim() || output.stdout.trim() || `exit code ${output.rc}`;
    this.#endWith(record, unit, explainOutput(said), undefined, result);
  }

  async #armed(pending: Pending, armed: ArmedUndo): Promise<void> {
    const { unit, decision, record } = pending;
    const { onEvent, link } = this.#options;
    onEvent({ event: 'task-started', play: unit.play.name, task: unit.task.name, host: this.host.name });
    const outcome = await link.armed(decision.steps, armed, unit.play.become);
    if (outcome.kind === 'stopped') throw new HostEnded();
    this.#facts.touchedBy(decision);
    if (outcome.kind === 'done') return this.#changed(pending, outcome.outputs);
    onEvent({ event: 'rolled-back', host: this.host.name, task: unit.task.name, message: outcome.why });
    this.#endWith(record, unit, explainOutput(outcome.why), undefined, null);
    throw new HostEnded();
  }

  #holdsWith(conditions: Task['when'], unit: Unit, key: string, result: Value): boolean {
    const scope = scopeOf(this.#options.context, unit);
    const named = unit.task.register === undefined ? {} : { [unit.task.register]: result };
    return holds(conditions, unit.task, key, { ...scope, result, ...named });
  }

  #broken(unit: Unit, result: Value, failed: boolean): boolean {
    if (unit.task.failedWhen.length === 0) return failed;
    return this.#holdsWith(unit.task.failedWhen, unit, 'failed_when', result);
  }

  async #fail(
    record: TaskRecord,
    unit: Unit | undefined,
    message: string,
    hint?: string,
    result: Value = null,
  ): Promise<void> {
    // What stands before it in the order is done first.
    await this.#flush([]);
    this.#endWith(record, unit, message, hint, result);
  }

  /** Ends the host, unless the task's errors are ignored. */
  #endWith(record: TaskRecord, unit: Unit | undefined, message: string, hint: string | undefined, result: Value): void {
    const { ignoreErrors } = record.task;
    record.finish({ status: ignoreErrors ? 'ignored' : 'failed', message, hint }, unit?.item, result);
    this.#register(record);
    if (ignoreErrors) return;
    this.alive = false;
    throw new HostEnded();
  }

  #finished(record: TaskRecord, outcome: TaskOutcome, item: string | undefined): void {
    const { onEvent } = this.#options;
    const { play, task, handler } = record;
    const hidden = task.noLog ? { diff: [], item: undefined } : { item };
    onEvent({
      event: 'task-finished',
      play: play.name,
      task: task.name,
      handler,
      host: this.host.name,
      ...outcome,
      ...hidden,
    });
    if (!record.complete && outcome.status !== 'failed') return;
    const total = record.total();
    this.#counts[total]++;
    if (total === 'changed') this.#counts.ok++;
    if (total === 'ignored') this.#counts.ok++;
  }

  #notify(task: Task): void {
    for (const name of task.notify) this.#notified.add(name);
  }

  #register(record: TaskRecord): void {
    const { register } = record.task;
    if (register !== undefined && record.complete && !record.unknown) {
      setRegistered(this.#options.context.sources, this.host.name, register, record.value());
    }
  }
}
