"""Tables, figures, sentences in two languages, sections and pages. Computes no statistic."""
