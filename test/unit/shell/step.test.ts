import assert from 'node:assert/strict';
import fc from 'fast-check';
import { statusLine, titleText } from '../../../src/shell/badges.ts';
import { keymapFrom, usualKeymap } from '../../../src/shell/keymap.ts';
import { recipients } from '../../../src/shell/state.ts';
import { draws } from '../../draws.ts';
import { Play, prefix } from './play.ts';

const line = (play: Play): string => statusLine(play.state, usualKeymap, { page: 0, pages: 1 });
const title = (play: Play, ...hosts: string[]): string => titleText(play.state, { hosts, shown: hosts[0]! }, 60).trim();

describe('keys at the many-paned terminal', () => {
  it('go to all open panes as they are', () => {
    const play = new Play(['a', 'b', 'c']);
    play.event({ kind: 'status', host: 'b', status: 'gone', detail: 'no route' });
    assert.deepEqual(play.keys('ls\x1b[A\r'), ['send a,c ls\x1b[A\r']);
    assert.equal(line(play), 'keys to all, 2 of 3 | 1 gone | C-] ? keys');
    assert.equal(title(play, 'b'), '! b: no route');
    assert.equal(title(play, 'a', 'c'), '> 2 a,c');
  });

  it('go to one, to the marked ones, or to nobody', () => {
    const play = new Play(['a', 'b', 'c']);
    assert.deepEqual(play.keys(`${prefix}ox`), ['send a x']);
    assert.deepEqual(play.keys(`${prefix}\ty`), ['send b y']);
    assert.equal(line(play), 'keys to one, 1 of 3: b | C-] ? keys');
    assert.deepEqual(play.keys(`${prefix} ${prefix}mz`), ['send b z']);
    assert.deepEqual(play.keys(`${prefix}tz`), ['send a,c z']);
    assert.equal(title(play, 'a'), '>* a');
    assert.equal(title(play, 'b'), '- b');
    assert.deepEqual(play.keys('\x1b[24~rm -rf /\r'), []);
    assert.equal(line(play), 'keys to NOBODY, 0 of 3 | keys go to nobody');
    assert.deepEqual(play.keys(`${prefix}ax`), ['send a,b,c x']);
  });

  it('say that nobody gets them', () => {
    const play = new Play(['a', 'b']);
    assert.deepEqual(play.keys(`${prefix}mx`), []);
    assert.match(line(play), /no open pane is marked/);
    play.event({ kind: 'status', host: 'a', status: 'ended' });
    assert.deepEqual(play.keys(`${prefix}ox`), []);
    assert.match(line(play), /this pane is not open/);
  });

  it('that are ours: the prefix twice is for the panes, and an unknown one is for nobody', () => {
    const play = new Play(['a']);
    assert.deepEqual(play.keys(`${prefix}${prefix}x`), [`send a ${prefix}x`]);
    assert.deepEqual(play.keys(`${prefix}J`), []);
    assert.match(line(play), /C-\] J is no key of ours; C-\] \? lists all/);
    const own = new Play(['a'], { keymap: keymapFrom({ prefix: 'C-a', keys: { F5: 'aim-nobody' } }).keymap });
    assert.deepEqual(own.keys(`${prefix}\x01\x01`), [`send a ${prefix}\x01`]);
    assert.deepEqual(own.keys('\x1b[15~x'), []);
  });

  it('interrupt all, whoever is aimed at', () => {
    const play = new Play(['a', 'b']);
    assert.deepEqual(play.keys(`${prefix}o\x03`), ['send a \x03']);
    assert.deepEqual(play.keys(`${prefix}\x03`), ['send a,b \x03']);
  });

  it('connect again what is gone, and only that', () => {
    const play = new Play(['a', 'b', 'c']);
    assert.deepEqual(play.keys(`${prefix}r`), []);
    play.event({ kind: 'status', host: 'b', status: 'gone', detail: 'cut' });
    play.event({ kind: 'status', host: 'c', status: 'ended' });
    assert.deepEqual(play.keys(`${prefix}R`), ['connect b,c']);
    assert.match(line(play), /2 connecting/);
    assert.equal(title(play, 'b'), '. b');
  });

  it('close panes, and with the last one everything; leaving is asked about', () => {
    const play = new Play(['a', 'b']);
    assert.deepEqual(play.keys(`${prefix}x`), ['close a']);
    assert.equal(play.state.focus, 'b');
    assert.deepEqual(play.keys(`${prefix}qn${prefix}q`), []);
    assert.match(line(play), /Close all panes\?/);
    assert.deepEqual(play.keys('y'), ['leave']);
    assert.deepEqual(play.keys(`${prefix}x`), ['close b', 'leave']);
  });

  it('change the view and nothing else', () => {
    const play = new Play(['a', 'b']);
    const before = recipients(play.state);
    assert.deepEqual(play.keys(`${prefix}z${prefix}f${prefix}+${prefix}+`), []);
    assert.deepEqual(
      { ...play.state.view, size: undefined },
      { size: undefined, folded: false, zoomed: true, page: 0, columns: 3 },
    );
    play.keys(`${prefix}-${prefix}-${prefix}-${prefix}-`);
    assert.equal(play.state.view.columns, 1);
    play.keys(`${prefix}=${prefix}\x1b[6~`);
    assert.deepEqual([play.state.view.columns, play.state.view.page], [undefined, 1]);
    assert.deepEqual(play.keys(`${prefix}\x1b[A${prefix}]`), ['scroll a -1', 'scroll a 1']);
    assert.deepEqual(recipients(play.state), before);
  });

  it('of the mouse focus a pane, or toggle it by its title', () => {
    const play = new Play(['a', 'b']);
    play.event({ kind: 'click', host: 'b', onTitle: false });
    assert.equal(play.state.focus, 'b');
    play.event({ kind: 'click', host: 'a', onTitle: true });
    assert.deepEqual(
      play.state.panes.map(({ marked }) => marked),
      [true, false],
    );
    play.event({ kind: 'click', host: 'gone', onTitle: true });
    assert.equal(play.state.focus, 'a');
  });

  it('never reach a pane that is not open, or anybody after the panic key', () => {
    const piece = fc.constantFrom(
      'x',
      '\r',
      prefix,
      'a',
      'm',
      'o',
      '0',
      ' ',
      't',
      '\t',
      'c',
      'y',
      'n',
      ':',
      '?',
      'q',
      '\x1b',
      '\x1b[200~l\nm\x1b[201~',
      'secret',
    );
    const status = fc.record({
      host: fc.constantFrom('a', 'b', 'c'),
      status: fc.constantFrom('open', 'gone', 'ended', 'connecting'),
    });
    let seen = 0;
    const thing = fc.oneof({ weight: 5, arbitrary: piece }, { weight: 1, arbitrary: status });
    fc.assert(
      fc.property(fc.array(thing, { maxLength: 40 }), (things) => {
        const play = new Play(['a', { host: 'b', protectedBy: ['secret'] }, 'c']);
        for (const one of things) {
          if (typeof one !== 'string') play.event({ kind: 'status', ...one } as Parameters<Play['event']>[0]);
          else play.feed(one);
          for (const effect of play.effects.splice(0)) {
            if (effect.kind !== 'send' && effect.kind !== 'paste' && effect.kind !== 'fill') continue;
            seen++;
            const open = play.state.panes.filter((pane) => pane.status === 'open').map(({ host }) => host);
            assert.ok(effect.hosts.every((host) => open.includes(host)));
            assert.ok(!effect.hosts.includes('b') || play.state.unlocked.includes('secret'));
          }
        }
        play.keys('\x1b[24~');
        assert.deepEqual(play.state.mode, { kind: 'typing' });
        assert.deepEqual(play.keys('x\r\x1b[200~lots\n\x1b[201~y'), []);
      }),
      { numRuns: draws(300) },
    );
    assert.ok(seen > 0);
  });
});

describe('the brakes', () => {
  it('show how many hosts and lines before a paste goes', () => {
    const play = new Play(['a', 'b', 'c']);
    assert.deepEqual(play.keys('\x1b[200~one\ntwo\n\x1b[201~'), []);
    assert.equal(line(play), 'Paste 2 lines to 3 hosts (a,b,c)? y: yes, any other key: no');
    assert.deepEqual(play.keys('n'), []);
    assert.match(line(play), /nothing was pasted/);
    assert.deepEqual(play.keys('\x1b[200~one\ntwo\n\x1b[201~y'), ['paste a,b,c one\ntwo\n']);
    // A second paste is no answer to the first one's question.
    assert.deepEqual(play.keys('\x1b[200~one\n\x1b[201~\x1b[200~y\x1b[201~'), ['bell']);
    assert.deepEqual(play.keys('\r'), []);
    // One line for one host is as if it was typed.
    assert.deepEqual(play.keys(`${prefix}o\x1b[200~word\x1b[201~`), ['paste a word']);
    assert.deepEqual(play.keys('\x1b[200~word\n\x1b[201~'), []);
    assert.match(line(play), /^Paste 1 line to 1 host /);
  });

  it('paste to nobody who has gone meanwhile', () => {
    const play = new Play(['a', 'b']);
    play.keys('\x1b[200~one\ntwo\x1b[201~');
    play.event({ kind: 'status', host: 'a', status: 'gone' });
    assert.deepEqual(play.keys('y'), ['paste b one\ntwo']);
  });

  it('ask for the name of a protected group, once', () => {
    const play = new Play(['a', { host: 'db', protectedBy: ['prod'] }]);
    assert.deepEqual(play.keys('x'), []);
    assert.match(line(play), /^Group prod is protected\. Its name, then Enter/);
    assert.deepEqual(play.keys('prof\r'), []);
    assert.match(line(play), /"prof" is not the name of the group: nothing was sent/);
    assert.deepEqual(play.keys('xpro\x7f\x7frod\r'), ['send a,db x']);
    assert.deepEqual(play.keys('y'), ['send a,db y']);
    const other = new Play(['a', { host: 'db', protectedBy: ['prod'] }]);
    assert.deepEqual(other.keys(`${prefix}ox`), ['send a x']);
    assert.deepEqual(other.keys(`${prefix}ax\x1b`), []);
    assert.equal(title(other, 'db'), '> db [prod]');
  });

  it('ask for it before a paste and a command of the palette, too', () => {
    const play = new Play([{ host: 'db', protectedBy: ['prod', 'eu'] }]);
    assert.deepEqual(play.keys('\x1b[200~a\nb\x1b[201~y'), []);
    assert.deepEqual(play.keys('prod\r'), []);
    assert.match(line(play), /Group eu is protected/);
    assert.deepEqual(play.keys('eu\r'), ['paste db a\nb']);
    const other = new Play([{ host: 'db', protectedBy: ['prod'] }]);
    assert.deepEqual(other.keys(`${prefix}:send reboot\r`), ['remember send reboot']);
    assert.match(line(other), /group prod is protected/);
  });

  it('with the canary one gets it, and after Enter the others', () => {
    const play = new Play(['a', 'b', 'c']);
    assert.deepEqual(play.keys(`${prefix}\t${prefix}cls -l\r`), ['send b ls -l\r']);
    assert.equal(line(play), 'b has it. Enter: to the other 2 hosts, any other key: to nobody else');
    assert.deepEqual(play.keys('\r'), ['send a,c ls -l\r']);
    assert.deepEqual(play.keys('id\rn'), ['send b id\r']);
    assert.match(line(play), /CANARY \| only b has it/);
    // Whoever types on has a line of its own again.
    assert.deepEqual(play.keys('w\r\r'), ['send b w\r', 'send a,c w\r']);
    assert.deepEqual(play.keys(`${prefix}cx`), ['send a,b,c x']);
  });
});

describe('the palette', () => {
  it('resolves patterns, and does with the hosts what was said', () => {
    const play = new Play(['a', 'b', 'c']);
    assert.deepEqual(play.keys(`${prefix}:only @web\r`), ['remember only @web', 'resolve only @web']);
    const web = [{ host: 'b', protectedBy: [] }];
    play.event({ kind: 'resolved', verb: 'only', panes: web });
    assert.deepEqual(play.keys('x'), ['send b x']);
    play.event({ kind: 'resolved', verb: 'mark', panes: [{ host: 'a', protectedBy: [] }] });
    play.event({ kind: 'resolved', verb: 'unmark', panes: web });
    assert.deepEqual(play.keys('x'), ['send a x']);
    play.event({ kind: 'resolved', verb: 'add', panes: [...web, { host: 'd', protectedBy: ['p'] }] });
    assert.deepEqual(play.wanted(), ['connect d']);
    assert.equal(play.state.panes.length, 4);
    play.event({ kind: 'resolved', verb: 'drop', panes: [{ host: 'a', protectedBy: [] }, ...web] });
    assert.deepEqual(play.wanted(), ['close a,b']);
    assert.equal(play.state.focus, 'c');
    play.event({ kind: 'resolved', verb: 'mark', panes: [{ host: 'zz', protectedBy: [] }] });
    assert.match(line(play), /none of these has a pane/);
  });

  it('fills texts in, opens editors, and sends files', () => {
    const play = new Play(['a', 'b']);
    const wanted = (text: string): string[] => play.keys(`${prefix}:${text}\r`).slice(1);
    assert.deepEqual(wanted('send echo %h'), ['fill a,b echo %h\r']);
    assert.deepEqual(wanted('type %{x}'), ['fill a,b %{x}']);
    assert.deepEqual(wanted('snippet mend.sh'), ['snippet a,b mend.sh']);
    assert.deepEqual(wanted('edit /etc/hosts'), [`fill a,b \${VISUAL:-\${EDITOR:-vi}} /etc/hosts\r`]);
    play.event({ kind: 'send', texts: { a: 'echo a\r', zz: 'no' } });
    assert.deepEqual(play.wanted(), ['send a echo a\r']);
    assert.deepEqual(play.keys(`${prefix}h`), ['fill a,b %h']);
    wanted('columns 3');
    assert.equal(play.state.view.columns, 3);
    wanted('columns none');
    assert.match(line(play), /a number from 1 to 99/);
    wanted('sent x');
    assert.match(line(play), /did you mean send\?/);
    wanted('send');
    assert.match(line(play), /send TEXT: type a text/);
  });

  it('has a history, and edits its line', () => {
    const play = new Play(['a'], { history: ['send one', 'mark b', 'send two'] });
    const shown = (keys: string): string => {
      play.keys(keys);
      return line(play);
    };
    assert.equal(shown(`${prefix}:se\x1b[A`), ':send two');
    assert.equal(shown('\x1b[A'), ':send one');
    assert.equal(shown('\x1b[A'), ':send one');
    assert.equal(shown('\x1b[B\x1b[B'), ':se');
    assert.equal(shown('日\x7f\x7fx y\x17'), ':sx ');
    assert.equal(shown('\x15\x1b[200~one\ntwo\x1b[201~'), ':one');
    assert.match(shown('\x1b'), /^keys to all/);
    play.keys(`${prefix}:send new\r`);
    assert.equal(shown(`${prefix}:\x1b[A`), ':send new');
  });

  it('searches', () => {
    assert.deepEqual(new Play(['a']).keys(`${prefix}/error\r`), ['search error']);
  });
});
