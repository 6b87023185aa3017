import assert from 'node:assert/strict';
import { isLate, late } from '../../../src/playbook/late.ts';
import { renderString, renderTemplate, TemplateError } from '../../../src/playbook/template.ts';

const scope = { name: 'node1', cluster: { name: 'lab', nodes: ['a', 'b'] }, off: false, nothing: null };

describe('templates', () => {
  it('escapes nothing, and knows if, unless, each and with', () => {
    const text =
      '{{name}} <&> {{#if off}}x{{/if}}{{#unless off}}y{{/unless}} {{#each cluster.nodes}}{{this}};{{/each}}';
    assert.equal(renderTemplate(text, scope), 'node1 <&> y a;b;');
  });

  it('a path alone is the value itself, anything else is text', () => {
    assert.deepEqual(renderString('{{cluster.nodes}}', scope), ['a', 'b']);
    assert.equal(renderString('{{ nothing }}', scope), null);
    assert.equal(renderString('{{name}}.example', scope), 'node1.example');
  });

  const mistakes: readonly (readonly [string, number, number, RegExp])[] = [
    ['a\n  {{nam}}', 2, 5, /"nam" is not defined \(did you mean "name"\?\)/],
    ['{{cluster.nam}}', 1, 3, /"nam".* is not defined/],
    ['x {{cluser.name.first}}', 1, 5, /"cluser" in "cluser\.name\.first" is not defined \(did you mean "cluster"\?\)/],
    ['{{#each cluster.hosts}}x{{/each}}', 1, 1, /"each" is not defined/],
    ['ok\n{% if x %}', 2, 1, /is Jinja/],
    ['{{ name | upper }}', 1, 9, /filter of Jinja/],
    ['{{upper name}}', 1, 1, /no helper "upper"/],
    ['{{#if name}}', 1, 13, /no template/],
  ];
  for (const [text, line, column, message] of mistakes) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => renderTemplate(text, scope),
        (error: TemplateError) => {
          assert.ok(error instanceof TemplateError);
          assert.match(error.message, message);
          assert.deepEqual([error.line, error.column], [line, column]);
          return true;
        },
      );
    });
  }

  it('what is known later gets through, marked, and mistakes beside it are still found', () => {
    const withLate = { ...scope, later: late };
    assert.ok(isLate(renderString('{{later.stdout}}', withLate)));
    assert.ok(isLate(renderTemplate('x {{later.a.b}} {{#each later.list}}{{nope}}{{/each}}', withLate)));
    assert.throws(() => renderTemplate('{{later.a}} {{missing}}', withLate), /"missing" is not defined/);
  });
});
