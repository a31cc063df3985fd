import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** Everything under packages/mpc/src that decides whether something is accepted. */
export const SOURCES = fileURLToPath(new URL('../../src/', import.meta.url))

/** One condition taken away: the text between `start` and `end` of the file is replaced. */
export type Mutant = {
  /** Relative to `SOURCES`. */
  file: string
  line: number
  /** The check's number in SPEC.md, or the function it stands in. */
  label: string
  /** The condition that is gone. */
  text: string
  start: number
  end: number
  replacement: string
}

const NUMBER = /^[A-Z]{1,2}\d{0,2}(\.\d{1,2})?$/

export const sourceFiles = (): string[] =>
  readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== 'kernel/binary.ts')
    .toSorted()

const literal = (node: ts.Node | undefined): string | undefined =>
  node !== undefined && ts.isStringLiteral(node) && NUMBER.test(node.text) ? node.text : undefined

/** The number that a statement or expression reports, e.g. the literal in `return 'B1'` or `new CheckFailed('F.1', …)`. */
const reportedIn = (node: ts.Node): string | undefined =>
  literal(node) ?? ts.forEachChild(node, child => (ts.isFunctionLike(child) ? undefined : reportedIn(child)))

const functionOf = (node: ts.Node): string => {
  for (let at: ts.Node | undefined = node; at !== undefined; at = at.parent) {
    if (ts.isMethodDeclaration(at)) return at.name.getText()
    if (ts.isVariableDeclaration(at) && at.initializer !== undefined && ts.isFunctionLike(at.initializer)) {
      return at.name.getText()
    }
    if (ts.isClassDeclaration(at) && at.name !== undefined) return at.name.text
  }
  return 'module'
}

const strip = (node: ts.Expression): ts.Expression =>
  ts.isParenthesizedExpression(node) ? strip(node.expression) : node

/** The operands of nested `&&` or `||`. */
const operands = (node: ts.Expression, operator: ts.SyntaxKind): ts.Expression[] => {
  const inner = strip(node)
  return ts.isBinaryExpression(inner) && inner.operatorToken.kind === operator
    ? [...operands(inner.left, operator), ...operands(inner.right, operator)]
    : [inner]
}

/** The elements of `[a, b].every(…)`: each of them is checked. */
const listed = (node: ts.Expression): readonly ts.Expression[] => {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return []
  const { expression, name } = node.expression
  return name.text === 'every' && ts.isArrayLiteralExpression(expression) ? expression.elements : []
}

const isRefusal = (node: ts.Statement): boolean => {
  const statement = ts.isBlock(node) ? node.statements.at(-1) : node
  if (statement === undefined) return false
  if (ts.isThrowStatement(statement)) return true
  if (!ts.isReturnStatement(statement)) return false
  const value = statement.expression
  return (
    value === undefined ||
    literal(value) !== undefined ||
    value.kind === ts.SyntaxKind.FalseKeyword ||
    (ts.isIdentifier(value) && value.text === 'undefined') ||
    (ts.isCallExpression(value) && /^(malformed|refuse)$/.test(value.expression.getText())) ||
    (ts.isNewExpression(value) && value.expression.getText() === 'Refused')
  )
}

/** Every single condition of every check: numbered ones, refusals of arguments and encodings, and predicates. */
export const mutantsOf = (file: string, text: string): Mutant[] => {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const found: Mutant[] = []
  const add = (node: ts.Node, label: string, replacement: string, end = node.getEnd()): void => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart())
    found.push({ file, line: line + 1, label, text: node.getText(), start: node.getStart(), end, replacement })
  }
  const required = (condition: ts.Expression, label: string): void => {
    for (const part of operands(condition, ts.SyntaxKind.AmpersandAmpersandToken)) {
      add(part, label, 'true')
      const elements = listed(part)
      for (const [i, element] of elements.entries()) {
        const next = elements[i + 1]
        if (elements.length > 1) add(element, label, '', next?.getStart() ?? element.getEnd())
      }
    }
  }
  const forbidden = (condition: ts.Expression, label: string): void => {
    for (const part of operands(condition, ts.SyntaxKind.BarBarToken)) add(part, label, 'false')
  }
  const isConjunction = (node: ts.Expression): boolean =>
    operands(node, ts.SyntaxKind.AmpersandAmpersandToken).length > 1
  const isAssignedConjunction = (node: ts.BinaryExpression): boolean =>
    node.operatorToken.kind === ts.SyntaxKind.EqualsToken && isConjunction(node.right)
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.getText() === 'check') {
      const [condition, number] = node.arguments
      if (condition !== undefined) required(condition, literal(number) ?? 'check')
    } else if (ts.isCallExpression(node) && node.expression.getText() === 'where') {
      const [accepts, , number] = node.arguments
      if (accepts !== undefined) add(accepts, literal(number) ?? 'where', '(() => true)')
    } else if (ts.isIfStatement(node) && isRefusal(node.thenStatement)) {
      forbidden(node.expression, reportedIn(node.thenStatement) ?? functionOf(node))
    } else if (ts.isConditionalExpression(node) && reportedIn(node) !== undefined) {
      const accepting = reportedIn(node.whenFalse) !== undefined
      const number = reportedIn(node) ?? functionOf(node)
      if (accepting) required(node.condition, number)
      else forbidden(node.condition, number)
    } else if (ts.isConditionalExpression(node) && /^(malformed\(\)|undefined|false)$/.test(node.whenFalse.getText())) {
      required(node.condition, functionOf(node))
    } else if (ts.isBinaryExpression(node) && isAssignedConjunction(node)) {
      required(node.right, functionOf(node))
    } else if (ts.isArrowFunction(node) && !ts.isBlock(node.body) && isConjunction(node.body)) {
      required(node.body, functionOf(node))
    } else if (ts.isReturnStatement(node) && node.expression !== undefined && isConjunction(node.expression)) {
      required(node.expression, functionOf(node))
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

export const allMutants = (): Mutant[] =>
  sourceFiles().flatMap(file => mutantsOf(file, readFileSync(SOURCES + file, 'utf8')))

/** Survives edits elsewhere in the file; equal conditions of one check are told apart by `nth`. */
export const nameOf = (mutant: Mutant, all: readonly Mutant[]): string => {
  const alike = all.filter(
    ({ file, label, text }) => file === mutant.file && label === mutant.label && text === mutant.text,
  )
  const nth = alike.length > 1 ? ` #${alike.indexOf(mutant) + 1}` : ''
  return `${mutant.file} ${mutant.label}: ${mutant.text.replaceAll(/\s+/g, ' ')}${nth}`
}

export const applied = (mutant: Mutant, text: string): string =>
  text.slice(0, mutant.start) + mutant.replacement + text.slice(mutant.end)
