//! Aligned columns, as Go's `text/tabwriter` lays them out with podman's settings.
//!
//! A cell is text ended by a tab; what follows a line's last tab is no cell and takes part in no column. A column is a
//! run of neighbouring lines that all have a cell there, and is as wide as its widest cell.

/// podman's and docker's least column width, in characters.
const MINIMUM_WIDTH: usize = 12;

/// Blanks between a column's widest cell and the next column.
const PADDING: usize = 2;

/// Lays out the tab-separated cells of `text`. Lines keep their order; a line without a tab stays as it is.
pub fn align(text: &str) -> String {
    let lines: Vec<Vec<&str>> = text.split('\n').map(|line| line.split('\t').collect()).collect();
    let widths = column_widths(&lines);
    let mut aligned = String::with_capacity(text.len() * 2);
    for (number, (cells, widths)) in lines.iter().zip(&widths).enumerate() {
        if number > 0 {
            aligned.push('\n');
        }
        for (position, cell) in cells.iter().enumerate() {
            aligned.push_str(cell);
            if let Some(width) = widths.get(position) {
                aligned.extend(std::iter::repeat_n(' ', width - cell.chars().count()));
            }
        }
    }
    aligned
}

/// For each line the width of each of its cells. Takes time in proportion to the number of cells.
fn column_widths(lines: &[Vec<&str>]) -> Vec<Vec<usize>> {
    let mut widths: Vec<Vec<usize>> = Vec::with_capacity(lines.len() + 1);
    // The columns the current line is part of: first line and widest cell so far.
    let mut open: Vec<(usize, usize)> = Vec::new();
    for cells in lines.iter().map(Vec::as_slice).chain([[].as_slice()]) {
        let count = cells.len().saturating_sub(1);
        for column in (count..open.len()).rev() {
            let (first, widest) = open[column];
            widths[first..].iter_mut().for_each(|line| line[column] = widest);
        }
        open.truncate(count);
        open.resize(count, (widths.len(), MINIMUM_WIDTH));
        for (column, cell) in open.iter_mut().zip(cells) {
            column.1 = column.1.max(cell.chars().count() + PADDING);
        }
        widths.push(vec![0; count]);
    }
    widths
}

/// The header podman gives a field by default: its words in capitals (`ImageID` gives `IMAGE ID`).
pub fn header_of(field: &str) -> String {
    let characters: Vec<char> = field.chars().collect();
    let mut header = String::with_capacity(field.len() + 4);
    for (position, character) in characters.iter().enumerate() {
        let before = position.checked_sub(1).map(|index| characters[index]);
        let after = characters.get(position + 1);
        let begins_word = match before {
            None => false,
            Some(before) if character.is_uppercase() => {
                !before.is_uppercase() || after.is_some_and(|after| after.is_lowercase())
            }
            Some(before) => character.is_ascii_digit() != before.is_ascii_digit(),
        };
        if begins_word {
            header.push(' ');
        }
        header.extend(character.to_uppercase());
    }
    header
}
