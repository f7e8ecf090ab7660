"""Tables, figures, sentences in two languages, notebooks to HTML. Computes no statistic."""
