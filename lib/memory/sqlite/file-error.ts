import { Problem } from '../../errors.ts'

/** The file cannot be opened and will not open by itself: what is wrong with it, and the remedy. Nothing was changed. */
export class MemoryFileError extends Problem {
  override readonly name = 'MemoryFileError'
  constructor(file: string, fault: string, remedy: string, options: { cause?: unknown } = {}) {
    super(503, 'The memory file cannot be used', `${file} ${fault} ${remedy}`, options)
  }
}
