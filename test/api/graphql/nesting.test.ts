import t from 'tap';
import { nestingOf } from '../../../src/api/graphql/nesting.ts';

t.test('how deep a document is nested', async (test) => {
  const cases: [string, number][] = [
    ['', 0],
    ['{ a }', 1],
    ['query ($a: [Int!]) { b(c: [[$a]]) { d } e }', 4],
    ['{ a(b: "{[(") }', 2],
    ['{ a(b: "\\"{{{") }', 2],
    ['{ a(b: """{ " {\n\\""" { """) }', 2],
    ['{ a # {{{{\n }', 1],
    ['}}}}{', 1],
    ['{'.repeat(1000), 1000],
    ['"'.repeat(90_000), 0],
    [`"""${'\\"""'.repeat(20_000)}`, 0],
  ];
  for (const [document, depth] of cases) test.equal(nestingOf(document), depth, document.slice(0, 40));
});
