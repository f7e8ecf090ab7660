"""What data must look like, reading it, checking it. The only room that opens a user's files.

``study.py`` puts a study together; below it, in the order of the work:

settings, files
    ``study.toml``, and every table that it names.
office, sheets, sheet_xml, old_books, open_old_book, tables
    A table as offices keep it: found in a workbook or a csv file, which are opened with care.
headers, columns, rows, left_over
    Which row is the header, which column is which, which rows are rows; what the sheet holds beside them.
sections, titles, made_up, dimension_names
    What headings, titles and the order of rows say where no column does.
cells, numbers, dates, words
    What a cell says, by the words in ``words.toml``.
schema, findings, register, scores
    What a table must look like, and everything wrong with one, listed at once.
doubts, provenance
    What is told of tables that keep every rule; where they come from.
codebook, records, examples
    What is known about the index, what was measured of the methods, and folders to start from.
finished_parts
    Long runs that go on where they stopped.
"""
