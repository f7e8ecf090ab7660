"""What data must look like, reading it, checking it. The only room that opens a user's files.

``study.py`` puts a study together; below it, in the order of the work:

settings, files
    ``study.toml``, and every table that it names, in the order in which one helps to read the next.
sheets, sheet_xml, old_books, open_old_book, tables
    A file becomes a ``Sheet`` of cells, opened with care: xlsx, the old formats, text.
office, headers
    A sheet becomes a ``Reading``: the header is found among titles, the table below it read into texts.
rows, columns, left_over
    Which column is which, which rows are rows; what the sheet holds beside them.
sections, titles, made_up, dimension_names
    What headings, titles and the order of rows say where no column does.
cells, numbers, states, day_columns
    What the cells of a column say: names, numbers, how far a task is, days.
words, dates, times
    The words of ``words.toml``, and the days, periods and spans that texts name.
schema, checks, register, scores, findings
    Texts become values: what a table must look like, and everything wrong with one, listed at once.
doubts, provenance
    What is told of tables that keep every rule; where they come from.
relations
    Tables of any make, for queries over more rows than fit in memory.
codebook, records, examples
    What is known about the index, what was measured of the methods, and folders to start from.
finished_parts
    Long runs that go on where they stopped.
"""
