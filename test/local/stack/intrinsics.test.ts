import { describe, expect, test } from 'vitest';
import { holds, resolve, type Scope } from '../../../local/stack/template/intrinsics.ts';
import { parseTemplate } from '../../../local/stack/template/template.ts';

const scope: Scope = {
  template: parseTemplate({
    Parameters: { Size: { Type: 'Number', Default: 7 }, Required: { Type: 'String' } },
    Conditions: {
      IsLocal: { 'Fn::Equals': [{ Ref: 'AWS::StackName' }, 'app-local'] },
      IsNot: { 'Fn::Not': [{ Condition: 'IsLocal' }] },
      Both: { 'Fn::And': [{ Condition: 'IsLocal' }, { Condition: 'IsNot' }] },
      Either: { 'Fn::Or': [{ Condition: 'IsLocal' }, { Condition: 'IsNot' }] },
    },
    Resources: {},
  }),
  pseudoParameters: { 'AWS::Region': 'us-east-1', 'AWS::StackName': 'app-local' },
  created: new Map([['Queue', { ref: 'http://queue', attributes: { Arn: 'arn:queue', 'A.B': 'nested' } }]]),
};

test.each([
  ['Ref of a resource', { Ref: 'Queue' }, 'http://queue'],
  ['Ref of a pseudo parameter', { Ref: 'AWS::Region' }, 'us-east-1'],
  ['Ref of a parameter with a default', { Ref: 'Size' }, 7],
  ['GetAtt as a list', { 'Fn::GetAtt': ['Queue', 'Arn'] }, 'arn:queue'],
  ['GetAtt as a string', { 'Fn::GetAtt': 'Queue.Arn' }, 'arn:queue'],
  ['GetAtt of a nested attribute', { 'Fn::GetAtt': ['Queue', 'A.B'] }, 'nested'],
  [
    'Sub',
    { 'Fn::Sub': '${AWS::Region}/${Queue}/${Queue.Arn}/${!Left}' },
    'us-east-1/http://queue/arn:queue/${Left}',
  ],
  [
    'Sub with variables',
    { 'Fn::Sub': ['${A}-${AWS::Region}', { A: { Ref: 'Queue' } }] },
    'http://queue-us-east-1',
  ],
  ['Join', { 'Fn::Join': [':', ['a', { Ref: 'AWS::Region' }]] }, 'a:us-east-1'],
  ['Join over Split', { 'Fn::Join': ['+', { 'Fn::Split': [',', 'a,b'] }] }, 'a+b'],
  ['Select', { 'Fn::Select': [1, ['a', 'b']] }, 'b'],
  ['Select by a string', { 'Fn::Select': ['0', { 'Fn::Split': ['-', 'x-y'] }] }, 'x'],
  ['If', { 'Fn::If': ['IsLocal', 'yes', 'no'] }, 'yes'],
  ['NoValue in an object', { a: { Ref: 'AWS::NoValue' }, b: 1 }, { b: 1 }],
  ['NoValue in a list', [{ 'Fn::If': ['IsNot', 'x', { Ref: 'AWS::NoValue' }] }, 'y'], ['y']],
  ['plain data', { a: [1, true, null, 'x'] }, { a: [1, true, null, 'x'] }],
])('%s resolves', (_, value, expected) => {
  expect(resolve(value, scope)).toEqual(expected);
});

test.each([
  ['IsLocal', true],
  ['IsNot', false],
  ['Both', false],
  ['Either', true],
])('condition %s is %s', (name, expected) => {
  expect(holds(name, scope)).toBe(expected);
});

describe('refused', () => {
  test.each([
    ['an intrinsic that is not implemented', { 'Fn::ImportValue': 'other' }],
    ['a name that nothing created', { Ref: 'Missing' }],
    ['a parameter without a default', { Ref: 'Required' }],
    ['an attribute that is not known', { 'Fn::GetAtt': ['Queue', 'Missing'] }],
    ['a name inside Sub', { 'Fn::Sub': '${Missing}' }],
    ['a condition that is not defined', { 'Fn::If': ['Missing', 1, 2] }],
    ['an index outside the list', { 'Fn::Select': [2, ['a']] }],
    ['a Join of no list', { 'Fn::Join': [',', 'a'] }],
  ])('%s', (_, value) => {
    expect(() => resolve(value, scope)).toThrow(expect.objectContaining({ code: 'ERR_STACK' }));
  });
});
