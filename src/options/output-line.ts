/** A line of a child's output, as it is told. */
export interface OutputLine {
  readonly from: 'stdout' | 'stderr';
  /** Without its line end. */
  readonly text: string;
}
